/// Parses YAML into nodes that know their lines; a syntax error becomes a `ConfigurationProblem`.
enum YAMLDocument {
    /// The document's root; nil where there is none or a problem was added.
    static func root(of text: String, problems: ProblemCollector) -> YAMLNode? {
        do {
            return try YAMLNode.parse(text)
        } catch {
            let hint = error.line.map { Self.hint(line: $0, text: text) } ?? ""
            problems.add(line: error.line, key: nil, "not valid YAML: \(error.problem)" + hint)
            return nil
        }
    }

    /// The usual mistakes behind a syntax error of that line.
    private static func hint(line: Int, text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { return "" }
        let content = lines[line - 1]
        if content.contains("\t") { return " (indent with blanks, not with tabs)" }
        if content.contains("${") { return " (put ${…} in double quotes)" }
        return ""
    }
}
