import JSON

/// A JSON Schema of pipeline files, by which editors complete and check them: `docs/pipeline-file.schema.json`.
public enum PipelineSchema {
    /// The document, indented, with a line end.
    public static var text: String { document.indented() + "\n" }

    static var document: JSONValue {
        let head: [(key: String, value: JSONValue)] = [
            ("$schema", .string("http://json-schema.org/draft-07/schema#")),
            ("$id", .string("urn:lorikeet:pipeline-file")),
            ("title", .string("Lorikeet pipeline file")),
            (
                "description",
                .string(
                    "Where texts come from, which tasks label them, and where the labels go. Written by lorikeet "
                        + "schema; docs/pipeline-file.md says more of each key.")
            ),
        ]
        guard case .object(let members) = PipelineKeys.section.schema else { return .object(head) }
        return .object(head + members)
    }
}

extension SettingSection {
    /// A mapping with these keys and no others.
    var schema: JSONValue {
        var members: [(key: String, value: JSONValue)] = [("type", .string("object"))]
        let required = settings.filter(\.isRequired).map { JSONValue.string($0.key) }
        if !required.isEmpty { members.append(("required", .array(required))) }
        members.append(("additionalProperties", .boolean(false)))
        members.append(("properties", .object(settings.map { (key: $0.key, value: $0.describedSchema) })))
        return .object(members)
    }
}

extension SettingDeclaration {
    fileprivate var isRequired: Bool {
        if case .error = absence { true } else { false }
    }

    /// The schema with what an editor shows.
    fileprivate var describedSchema: JSONValue {
        guard case .object(let members) = schema else { return schema }
        var all = [(key: "description", value: JSONValue.string(summary))] + members
        if case .value(let value) = absence { all.append(("default", value)) }
        if !examples.isEmpty { all.append(("examples", .array(examples.map(PipelineSchema.value(yaml:))))) }
        return .object(all)
    }
}

extension PipelineSchema {
    /// The value that this YAML stands for.
    static func value(yaml text: String) -> JSONValue {
        let node = (try? YAMLNode.parse(text)) ?? nil
        return node.map(value) ?? .string(text)
    }

    private static func value(_ node: YAMLNode) -> JSONValue {
        switch node.content {
        case .sequence(let nodes): .array(nodes.map(value))
        case .mapping(let pairs):
            .object(
                pairs.compactMap { key, value in
                    guard case .scalar(let name, _) = key.content else { return nil }
                    return (name, self.value(value))
                })
        case .scalar("true", isPlain: true): .boolean(true)
        case .scalar("false", isPlain: true): .boolean(false)
        case .scalar(let text, isPlain: true): Double(text).map { .short($0) } ?? .string(text)
        case .scalar(let text, _): .string(text)
        }
    }
}
