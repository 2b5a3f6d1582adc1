import Yams

/// Parses YAML into nodes that know their lines; every syntax error becomes a `ConfigurationProblem`.
///
/// Yams stops at the first mapping with a key given twice. To report such keys together with everything else that is
/// wrong, the first of the two gets `repeatedKeyMark` in front and the text is parsed again; `ConfigurationSection`
/// recognises the mark.
enum YAMLDocument {
    /// A private-use character, put before a key that occurs again in its mapping.
    static let repeatedKeyMark: Character = "\u{E000}"

    /// More repeated keys than this in one file end the search.
    private static let maximumRepeatedKeys = 100

    /// The document's root; nil where there is none or a problem was added.
    static func root(of text: String, problems: ProblemCollector) -> Node? {
        var text = text
        for _ in 0..<maximumRepeatedKeys {
            do {
                return try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard let marked = marking(repeatedKeyAt: context.mark, in: text) else {
                    let names = keys.joined(separator: ", ")
                    problems.add(line: context.mark.line, key: nil, "a key is given twice: \(names)")
                    return nil
                }
                text = marked
            } catch let error as YamlError {
                addSyntaxProblem(error, text: text, problems: problems)
                return nil
            } catch {
                problems.add(line: nil, key: nil, "cannot be parsed as YAML")
                return nil
            }
        }
        problems.add(line: nil, key: nil, "has too many keys that are given twice")
        return nil
    }

    /// `text` with the mark inserted before the key at `mark`, behind a quotation mark if it has one.
    private static func marking(repeatedKeyAt mark: Mark, in text: String) -> String? {
        var scalars = Array(text.unicodeScalars)
        var line = 1
        var index = 0
        while line < mark.line, index < scalars.count {
            if scalars[index] == "\n" { line += 1 }
            index += 1
        }
        index += mark.column - 1
        guard line == mark.line, mark.column > 0, index < scalars.count else { return nil }
        if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
        scalars.insert(contentsOf: repeatedKeyMark.unicodeScalars, at: index)
        var marked = String.UnicodeScalarView()
        marked.append(contentsOf: scalars)
        return String(marked)
    }

    private static func addSyntaxProblem(_ error: YamlError, text: String, problems: ProblemCollector) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            problems.add(line: mark.line, key: nil, "not valid YAML: \(problem)" + hint(line: mark.line, text: text))
        case .reader(let problem, let offset, _, _):
            let line = offset.map { 1 + text.prefix($0).count(where: \.isNewline) }
            problems.add(line: line, key: nil, "not valid YAML: \(problem)")
        default:
            problems.add(line: nil, key: nil, "not valid YAML")
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
