/// One mapping of a pipeline file: reports keys that it does not know or that are given twice, hands out values.
struct ConfigurationSection {
    let value: ConfigurationValue
    /// Whether keys may be missing only because they were to be merged.
    private let mergesKeys: Bool
    /// In the order of the file.
    let entries: [(name: String, value: ConfigurationValue)]

    /// Nil, with a problem, where the value is no mapping.
    ///
    /// - Parameter known: the keys that it may have; nil: any.
    init?(_ value: ConfigurationValue, known: [String]?, expected: String = "a mapping (key: value)") {
        guard case .mapping(let mapping) = value.node.content else {
            value.problem(value.isNull ? "has no value; it must be \(expected)" : "must be \(expected)")
            return nil
        }
        self.value = value
        var entries: [(name: String, value: ConfigurationValue)] = []
        var positions: [String: TextPosition] = [:]
        let problems = value.context.problems
        var mergesKeys = false
        for (key, node) in mapping {
            let position = key.position
            guard case .scalar(let name, let isPlain) = key.content else {
                problems.add(at: position, key: value.path.isEmpty ? nil : value.path, "a key must be a string")
                continue
            }
            if name == "<<", isPlain {
                mergesKeys = true
                problems.add(
                    at: position, key: value.path.isEmpty ? nil : value.path,
                    "merge keys (<<) are not supported: write the keys here, or give the whole value by an alias")
                continue
            }
            let path = value.path(of: name)
            if let first = positions.updateValue(position, forKey: name) {
                problems.add(at: position, key: path, "is given twice; first on line \(first.line)")
            }
            if let known, !known.contains(name) {
                problems.add(at: position, key: path, "unknown key\(Suggestion.text(for: name, among: known))")
                continue
            }
            problems.note(position, of: path)
            entries.append(
                (name, ConfigurationValue(node: node, path: path, position: position, context: value.context)))
        }
        (self.entries, self.mergesKeys) = (entries, mergesKeys)
    }

    /// The value of a key; nil where the key is absent.
    subscript(_ key: String) -> ConfigurationValue? { entries.first { $0.name == key }?.value }

    /// The value of a key, to be read by hand; nil where it is absent, with a problem if it is required.
    subscript(_ setting: SettingDeclaration) -> ConfigurationValue? {
        if let found = self[setting.key] { return found }
        let mayBeThere = mergesKeys || value.path.isEmpty && value.context.problems.lacksKeys
        if case .error(let missing) = setting.absence, !mayBeThere {
            value.context.problems.add(
                at: value.position, key: value.path(of: setting.key), "is missing: \(missing)")
        }
        return nil
    }

    /// The value of a key; nil where it is absent or wrong, with a problem if it is wrong or required.
    func read<Value>(_ setting: Setting<Value>) -> Value? { self[setting.declaration].flatMap(setting.form.read) }

    /// The value of a key, or its default; nil with a problem where it is wrong.
    func read<Value>(_ setting: DefaultedSetting<Value>) -> Value? {
        guard let value = self[setting.declaration] else { return setting.fallback }
        return setting.form.read(value)
    }
}
