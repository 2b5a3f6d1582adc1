/// One mapping of a pipeline file: reports keys that it does not know or that are given twice, hands out values.
struct ConfigurationSection {
    let value: ConfigurationValue
    /// In the order of the file.
    let entries: [(name: String, value: ConfigurationValue)]
    private let known: [String]

    /// Nil, with a problem, where the value is no mapping.
    ///
    /// - Parameter known: the keys that it may have; nil: any.
    init?(_ value: ConfigurationValue, known: [String]?, expected: String = "a mapping (key: value)") {
        guard case .mapping(let mapping) = value.node.content else {
            value.problem(value.isNull ? "has no value; it must be \(expected)" : "must be \(expected)")
            return nil
        }
        self.value = value
        self.known = known ?? []
        var entries: [(name: String, value: ConfigurationValue)] = []
        var lines: [String: Int] = [:]
        for (key, node) in mapping {
            let line = key.line
            guard case .scalar(let name, _) = key.content else {
                value.context.problems.add(
                    line: line, key: value.path.isEmpty ? nil : value.path, "a key must be a text")
                continue
            }
            let path = value.path.isEmpty ? name : "\(value.path).\(name)"
            if let first = lines.updateValue(line, forKey: name) {
                value.context.problems.add(line: line, key: path, "is given twice; first on line \(first)")
            }
            if let known, !known.contains(name) {
                let suggestion = Suggestion.text(for: name, among: known)
                value.context.problems.add(line: line, key: path, "unknown key\(suggestion)")
                continue
            }
            value.context.problems.note(line: line, of: path)
            entries.append((name, ConfigurationValue(node: node, path: path, line: line, context: value.context)))
        }
        self.entries = entries
    }

    /// The value of a key; nil where the key is missing.
    subscript(_ key: String) -> ConfigurationValue? {
        assert(known.contains(key))
        return entries.first { $0.name == key }?.value
    }

    /// The value of a key that must be there; nil, with a problem, where it is missing.
    func required(_ key: String, _ what: String) -> ConfigurationValue? {
        if let found = self[key] { return found }
        let path = value.path.isEmpty ? key : "\(value.path).\(key)"
        value.context.problems.add(line: value.line, key: path, "is missing: \(what)")
        return nil
    }
}
