import JSON

/// A JSON Schema of pipeline files, by which editors complete and check them: `docs/pipeline-file.schema.json`.
public enum PipelineSchema {
    /// The document, indented, with a line end.
    public static var text: String { document.indented() + "\n" }

    static var document: JSONValue {
        let head: [(key: String, value: JSONValue)] = [
            ("$schema", .string("http://json-schema.org/draft-07/schema#")),
            ("title", .string("Lorikeet pipeline file")),
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
        return .object(all)
    }
}

extension JSONValue {
    /// The document with one member or element per line; short ones of scalars stay on one.
    fileprivate func indented(by depth: Int = 0) -> String {
        let (inner, outer) = (String(repeating: "  ", count: depth + 1), String(repeating: "  ", count: depth))
        func block(_ open: String, _ lines: [String], _ close: String) -> String {
            "\(open)\n" + lines.map { inner + $0 }.joined(separator: ",\n") + "\n\(outer)\(close)"
        }
        switch self {
        case .array(let elements) where elements.contains { !$0.isScalar }:
            return block("[", elements.map { $0.indented(by: depth + 1) }, "]")
        case .object(let members) where !members.isEmpty:
            return block("{", members.map { "\(JSONValue.string($0).text): \($1.indented(by: depth + 1))" }, "}")
        default: return text
        }
    }

    private var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}
