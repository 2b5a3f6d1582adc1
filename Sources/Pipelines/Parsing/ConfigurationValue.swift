/// One value of a pipeline file with its place; reads itself as a type, or adds a problem and returns nil.
struct ConfigurationValue {
    let node: YAMLNode
    /// The path of its key from the top.
    let path: String
    /// Of its key; of an entry of a list, that of the entry.
    let position: TextPosition
    let context: ConfigurationContext

    var line: Int { position.line }

    func problem(_ message: String) { context.problems.add(at: position, key: path, message) }

    /// The path of a key of this mapping.
    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A scalar's text after substitution; nothing but a scalar will do.
    private func scalar(_ expected: String) -> Substitution.Result? {
        guard case .scalar(let text, _) = node.content else {
            problem("must be \(expected), not a \(node.kindName)")
            return nil
        }
        if isNull {
            problem("has no value; it must be \(expected)")
            return nil
        }
        do {
            return try context.substitution.fill(text)
        } catch {
            problem(error.message)
            return nil
        }
    }

    /// Nothing, `~` or `null`.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = node.content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// How a wrong value is quoted in a message.
    private func shown(_ result: Substitution.Result) -> String {
        result.isFromOutside ? "its value" : "\"\(result.text.prefix(40))\""
    }

    /// ` (did you mean X?)` for a value that is almost one of these.
    private func hint(_ result: Substitution.Result, among names: [String]) -> String {
        // The nearest name would tell something of a value that came from outside.
        guard !result.isFromOutside, let name = Suggestion.nearest(to: result.text, among: names) else { return "" }
        return " (did you mean \(name)?)"
    }

    /// A text; where `mayBeEmpty`, also an empty one.
    func text(_ expected: String = "a string", mayBeEmpty: Bool = false) -> String? {
        guard let result = scalar(expected) else { return nil }
        guard mayBeEmpty || !result.text.isEmpty else {
            problem("is empty; it must be \(expected)")
            return nil
        }
        return result.text
    }

    /// A folder, as an absolute path.
    func folder() -> String? { text("a folder").map(context.paths.resolve) }

    /// A file, as an absolute path.
    func file() -> String? { text("a file").map(context.paths.resolve) }

    /// The address of a server that speaks HTTP, without credentials and without a slash at its end.
    func httpAddress() -> String? {
        let expected = "a URL such as https://registry.example.org:8081"
        guard let result = scalar(expected) else { return nil }
        let text = result.text
        guard let scheme = ["http://", "https://"].first(where: text.lowercased().hasPrefix),
            text.utf8.count > scheme.utf8.count, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
        else {
            problem("must be \(expected); \(shown(result)) is not")
            return nil
        }
        guard !text.contains("@") else {
            problem("must not hold a user or a password: use username and password")
            return nil
        }
        guard !text.contains("?"), !text.contains("#") else {
            problem("must be \(expected), without ? and #")
            return nil
        }
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }

    /// A name: a text without blanks and control characters, of at most 200 characters.
    func name() -> String? {
        guard let text = text("a name") else { return nil }
        guard Self.isName(text) else {
            problem("must be a name: no blanks, no control characters, at most 200 characters")
            return nil
        }
        return text
    }

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.count <= 200
            && text.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0.properties.generalCategory != .control
            }
    }

    /// A whole number; digits may be grouped with `_`.
    func integer(_ range: ClosedRange<Int>) -> Int? {
        let bounds =
            range.upperBound == .max
            ? ", at least \(range.lowerBound)" : " from \(range.lowerBound) to \(range.upperBound)"
        let expected = "a whole number" + bounds
        guard let result = scalar(expected) else { return nil }
        guard let value = Int(result.text.filter { $0 != "_" }), range.contains(value) else {
            problem("must be \(expected); \(shown(result)) is not")
            return nil
        }
        return value
    }

    /// A number.
    func number(_ range: ClosedRange<Double>) -> Double? {
        let expected = "a number from \(range.lowerBound.short) to \(range.upperBound.short)"
        guard let result = scalar(expected) else { return nil }
        guard let value = Double(result.text), range.contains(value) else {
            problem("must be \(expected); \(shown(result)) is not")
            return nil
        }
        return value
    }

    /// A duration such as `20ms`.
    func duration(_ range: ClosedRange<Duration>) -> Duration? {
        let expected = "a duration such as 20ms, 1.5s, 10m, 6h or 1h30m"
        guard let result = scalar(expected) else { return nil }
        guard let value = DurationText.parse(result.text) else {
            problem("must be \(expected); \(shown(result)) is not")
            return nil
        }
        guard range.contains(value) else {
            problem("must be from \(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))")
            return nil
        }
        return value
    }

    /// `true` or `false`.
    func flag() -> Bool? {
        guard let result = scalar("true or false") else { return nil }
        guard ["true", "false"].contains(result.text) else {
            problem("must be true or false; \(shown(result)) is not" + hint(result, among: ["true", "false"]))
            return nil
        }
        return result.text == "true"
    }

    /// One of the raw values of an enumeration.
    func choice<T: RawRepresentable & CaseIterable>(_ type: T.Type) -> T? where T.RawValue == String {
        choice(among: T.allCases.map(\.rawValue)).flatMap(T.init(rawValue:))
    }

    /// One of these names.
    func choice(among names: [String]) -> String? {
        let expected = names.joined(separator: " or ")
        guard let result = scalar(expected) else { return nil }
        guard names.contains(result.text) else {
            problem("must be \(expected); \(shown(result)) is not" + hint(result, among: names))
            return nil
        }
        return result.text
    }

    /// The entries of a list; where `mayBeEmpty`, also none.
    func list(_ expected: String, mayBeEmpty: Bool = false) -> [ConfigurationValue]? {
        guard case .sequence(let sequence) = node.content else {
            problem("must be \(expected), not a \(node.kindName)")
            return nil
        }
        guard mayBeEmpty || !sequence.isEmpty else {
            problem("is empty; it must be \(expected)")
            return nil
        }
        return sequence.enumerated().map { index, node in
            ConfigurationValue(node: node, path: "\(path)[\(index)]", position: node.position, context: context)
        }
    }

    /// A mapping with these keys and no others.
    func section(_ section: SettingSection) -> ConfigurationSection? { self.section(section.keys) }

    /// A mapping with these keys and no others.
    func section(_ known: [String]) -> ConfigurationSection? { ConfigurationSection(self, known: known) }

    /// A mapping whose keys the user chose, in the order of the file.
    func entries(_ expected: String) -> [(name: String, value: ConfigurationValue)]? {
        ConfigurationSection(self, known: nil, expected: expected)?.entries
    }
}

/// What every value of one file shares.
struct ConfigurationContext {
    let problems: ProblemCollector
    let substitution: Substitution
    let paths: PathResolution
}

extension YAMLNode {
    /// For messages: "must be …, not a list".
    fileprivate var kindName: String {
        switch content {
        case .scalar: "single value"
        case .mapping: "mapping"
        case .sequence: "list"
        }
    }
}

extension Double {
    /// Without `.0`.
    var short: String { self == rounded() && abs(self) < 1e15 ? String(Int(self)) : String(self) }
}
