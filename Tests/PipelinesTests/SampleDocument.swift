import JSON

@testable import Pipelines

/// A small pipeline file that is right, made of the declarations' own examples, to be changed at one key.
struct SampleDocument {
    private(set) var root: JSONValue = .object([])
    /// Where the written text has each key, by its path.
    private(set) var positions: [String: TextPosition] = [:]

    static let environment = PipelineEnvironment(
        variables: ["DATABASE_URL": "postgresql://localhost/texts", "DATABASE_URL_DIRECT": "postgresql://h/texts"],
        credentialsDirectory: "/nowhere", workingDirectory: "/nowhere")

    /// Keys that another key needs beside it.
    private static let companions: [String: [(key: String, value: String)]] = [
        "source.format": [("source.schema_registry", "{ url: http://localhost:8081 }")],
        "source.schema_registry": [("source.format", "auto")],
        "source.schema_registry.password": [("source.schema_registry.username", "kim")],
        "retrain.shadow_changed_labels": [("retrain.shadow", "24h")],
        "retrain.shadow_minimum_texts": [("retrain.shadow", "24h")],
        "retrain.shadow_time_limit": [("retrain.shadow", "24h")],
    ]

    /// The required keys of the file, and what a mapping and a key need beside them.
    init(with section: SettingSection, _ setting: SettingDeclaration) {
        require(PipelineKeys.section)
        require(SourceKeys.section)
        require(KafkaKeys.section)
        require(SinkKeys.section)
        self["tasks"] = PipelineSchema.value(yaml: "{ urgency: { labels: [low, normal, high] } }")
        // `routes[].when` lies in `routes[]`, which has required keys of its own.
        let parents = PipelineKeys.sections.filter {
            !$0.path.isEmpty && (section.path == $0.path || section.path.hasPrefix($0.path + "."))
        }
        for parent in parents { require(parent) }
        if section.path == "examples[]", setting.key != "labels" { self["examples[].label"] = .string("high") }
        for path in [section.path, section.path(of: setting)] + parents.map(\.path) {
            for (key, value) in Self.companions[path] ?? [] { self[key] = PipelineSchema.value(yaml: value) }
        }
    }

    /// Adds the required keys of a mapping, with the first of their examples.
    private mutating func require(_ section: SettingSection) {
        for setting in section.settings {
            guard case .error = setting.absence, self[section.path(of: setting)] == nil else { continue }
            guard let example = setting.examples.first else { continue }
            self[section.path(of: setting)] = PipelineSchema.value(yaml: example)
        }
    }

    /// The path as the reader names it, with the first entry of a list and the one task.
    static func path(_ path: String) -> String { path.replacing("[]", with: "[0]").replacing("NAME", with: "urgency") }

    /// A value by the path of a declaration; nil removes it.
    subscript(_ path: String) -> JSONValue? {
        get { Self.steps(path).reduce(root) { $1 == "[0]" ? $0?.first : $0?[$1] } }
        set { root = Self.replacing(root, Self.steps(path)[...], newValue) ?? .object([]) }
    }

    private static func steps(_ path: String) -> [String] {
        Self.path(path).split(separator: ".").flatMap { part in
            part.hasSuffix("[0]") ? [String(part.dropLast(3)), "[0]"] : [String(part)]
        }
    }

    private static func replacing(_ value: JSONValue?, _ steps: ArraySlice<String>, _ new: JSONValue?) -> JSONValue? {
        guard let step = steps.first else { return new }
        if step == "[0]" { return .array([replacing(value?.first, steps.dropFirst(), new) ?? .null]) }
        var members: [(key: String, value: JSONValue)] = []
        if case .object(let known)? = value { members = known }
        let changed = replacing(value?[step], steps.dropFirst(), new)
        if let index = members.firstIndex(where: { $0.key == step }) {
            if let changed { members[index].value = changed } else { members.remove(at: index) }
        } else if let changed {
            members.append((step, changed))
        }
        return .object(members)
    }

    /// Reads the file; the problems of it.
    mutating func problems() -> [ConfigurationProblem] {
        let text = write()
        let problems = ProblemCollector(file: "p.yaml")
        let read = PipelineFile.parse(text, file: "p.yaml", environment: Self.environment, problems: problems)
        return read == nil ? problems.error?.problems ?? [] : []
    }

    // MARK: - Writing

    /// The file in block style, one key per line.
    mutating func write() -> String {
        positions = [:]
        var lines: [String] = []
        write(root, path: "", indent: 0, to: &lines)
        return lines.joined(separator: "\n") + "\n"
    }

    private mutating func write(_ value: JSONValue, path: String, indent: Int, to lines: inout [String]) {
        let margin = String(repeating: " ", count: indent)
        switch value {
        case .object(let members) where !members.isEmpty:
            for (key, value) in members {
                let inner = path.isEmpty ? key : "\(path).\(key)"
                positions[inner] = TextPosition(line: lines.count + 1, column: indent + 1)
                lines.append("\(margin)\(key):")
                write(value, path: inner, indent: indent + 2, to: &lines)
            }
        case .array(let elements) where elements.contains { !$0.isScalar }:
            for (index, element) in elements.enumerated() {
                lines.append("\(margin)-")
                write(element, path: "\(path)[\(index)]", indent: indent + 2, to: &lines)
            }
        default: lines[lines.count - 1] += value.isNull ? "" : " \(value.text)"
        }
    }
}

extension JSONValue {
    fileprivate var first: JSONValue? {
        guard case .array(let elements) = self else { return nil }
        return elements.first
    }

    fileprivate var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}
