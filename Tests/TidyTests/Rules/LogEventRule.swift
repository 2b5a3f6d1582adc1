/// Every event that the sources log, and every key, is in `docs/logs.md`, and nothing else is.
enum LogEventRule {
    /// A call such as `logger.notice("ready", metadata: [LogKey.status: …])`.
    struct Call {
        /// Nil where a variable holds it.
        let level: String?
        /// The literals of the message: several where an interpolation or a choice stands in it.
        let pieces: [Token]
        /// Names of `LogKey` within the call, and where the variable with its metadata is made.
        let keys: [String]
        let line: Int
    }

    /// A row of a table of events.
    struct Row {
        let level: String
        let event: String
        let keys: [String]
        let line: Int

        /// What stands beside the words that vary.
        var pieces: [String] {
            event.split(separator: "…").map(String.init).filter { $0.contains(where: \.isLetter) }
        }
    }

    private static let page = "docs/logs.md"
    private static let levels: Set<String> = [
        "trace", "debug", "info", "notice", "warning", "error", "critical",
    ]

    static func findings(in tree: SourceTree) -> [Finding] {
        guard let page = tree[Self.page] else { return [Finding(path: Self.page, line: 1, message: "is missing")] }
        let (rows, keys) = (rows(of: page), keyRows(of: page))
        let declared = declaredKeys(in: tree)
        return tree.sources.flatMap { file in
            calls(in: file).flatMap { call in
                problems(with: call, rows: rows, declared: declared).map {
                    Finding(path: file.path, line: call.line, message: $0)
                }
            }
        }
            + rows.flatMap { row in
                problems(with: row, in: tree, declared: Set(declared.values)).map {
                    Finding(path: page.path, line: row.line, message: $0)
                }
            }
            + Set(declared.values).symmetricDifference(keys).sorted().map {
                Finding(path: page.path, line: 1, message: "the table of keys and LogKey differ in `\($0)`")
            }
    }

    // MARK: - Sources

    static func calls(in file: SourceFile) -> [Call] {
        let tokens = SwiftLexer.tokens(of: file.text).filter { $0.kind != .comment }
        return tokens.indices.dropFirst(2).compactMap { index in
            let name = tokens[index].text
            guard tokens[index].kind == .word, levels.contains(name) || name == "log", tokens[index - 1].text == ".",
                tokens[index - 2].text.lowercased().hasSuffix("logger"),
                tokens.indices.contains(index + 1), tokens[index + 1].text == "("
            else { return nil }
            let arguments = arguments(of: tokens[(index + 2)...])
            let message = name == "log" ? arguments.dropFirst().first : arguments.first
            let keys =
                Self.keys(in: Array(arguments.joined()))
                + Self.keys(in: metadata(of: arguments, before: index, in: tokens))
            // A function that is given the event: its callers have the literals, and rows for them.
            if message?.count == 1, message?.first?.text == "event" { return nil }
            return Call(
                level: name == "log" ? nil : name,
                pieces: (message ?? []).filter { $0.kind == .string && $0.text.contains(where: \.isLetter) },
                keys: keys, line: tokens[index].line)
        }
    }

    private static func keys(in tokens: [Token]) -> [String] {
        zip(tokens, tokens.dropFirst(2)).compactMap { $0.text == "LogKey" ? $1.text : nil }
    }

    /// Where a call is given a variable: what stands from its nearest declaration on, up to the call.
    private static func metadata(of arguments: [[Token]], before call: Int, in tokens: [Token]) -> [Token] {
        guard let argument = arguments.first(where: { $0.map(\.text).starts(with: ["metadata", ":"]) }),
            argument.count == 3
        else { return [] }
        let name = argument[2].text
        let start = tokens[..<call].indices.dropLast().last { place in
            ["let", "var"].contains(tokens[place].text) && tokens[place + 1].text == name
        }
        return start.map { Array(tokens[$0..<call]) } ?? []
    }

    /// The tokens of each argument up to the parenthesis that closes the call.
    private static func arguments(of tokens: ArraySlice<Token>) -> [[Token]] {
        var arguments: [[Token]] = [[]]
        var depth = 0
        for token in tokens {
            if token.kind == .mark {
                if "([{".contains(token.text) { depth += 1 }
                if ")]}".contains(token.text) { depth -= 1 }
                if depth < 0 { break }
                if depth == 0, token.text == "," {
                    arguments.append([])
                    continue
                }
            }
            arguments[arguments.count - 1].append(token)
        }
        return arguments
    }

    /// The values of `LogKey` by name.
    private static func declaredKeys(in tree: SourceTree) -> [String: String] {
        guard let file = tree["Sources/LogKeys/LogKey.swift"] else { return [:] }
        let tokens = SwiftLexer.tokens(of: file.text).filter { $0.kind != .comment }
        let pairs = tokens.indices.dropLast(3).compactMap { index -> (String, String)? in
            guard tokens[index].text == "let", tokens[index + 3].kind == .string else { return nil }
            return (tokens[index + 1].text, tokens[index + 3].text)
        }
        return Dictionary(pairs) { $1 }
    }

    private static func problems(with call: Call, rows: [Row], declared: [String: String]) -> [String] {
        guard let level = call.level else { return [] }
        if call.pieces.isEmpty { return ["logs an event whose name is no literal"] }
        return call.pieces.flatMap { piece -> [String] in
            // Interpolations are the words that vary.
            let found = rows.filter { $0.level == level && $0.event.contains(piece.text) }
            guard !found.isEmpty else { return ["\(page) lacks the event `\(piece.text)` of the level \(level)"] }
            let listed = Set(found.flatMap(\.keys))
            return call.keys.filter { !listed.contains(declared[$0] ?? $0) }.map {
                "\(page) lacks the key `\(declared[$0] ?? $0)` of the event `\(piece.text)`"
            }
        }
    }

    // MARK: - The page

    static func rows(of page: SourceFile) -> [Row] {
        page.lines.enumerated().compactMap { number, line in
            let cells = cells(of: line)
            guard cells.count == 4, levels.contains(cells[0]), cells[1].hasPrefix("`") else { return nil }
            return Row(
                level: cells[0], event: String(cells[1].dropFirst().dropLast()),
                keys: cells[2].split(separator: "`").map(String.init).filter { $0.contains(where: \.isLetter) },
                line: number + 1)
        }
    }

    /// The keys of the table of keys.
    private static func keyRows(of page: SourceFile) -> [String] {
        let section = page.lines.drop { $0 != "## Keys" }.dropFirst().prefix { !$0.hasPrefix("## ") }
        return section.compactMap { line in
            let cells = cells(of: line)
            guard cells.count == 2, cells[0].hasPrefix("`") else { return nil }
            return String(cells[0].dropFirst().dropLast())
        }
    }

    private static func cells(of line: Substring) -> [String] {
        guard line.hasPrefix("| "), line.hasSuffix("|") else { return [] }
        return line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map { cell in
            String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func problems(with row: Row, in tree: SourceTree, declared: Set<String>) -> [String] {
        row.keys.filter { !declared.contains($0) }.map { "names the key `\($0)`, which is no LogKey" }
            + row.pieces.filter { piece in
                !tree.sources.contains { file in
                    // Only files that have it at all are cut into tokens.
                    file.text.contains(piece)
                        && SwiftLexer.tokens(of: file.text).contains { $0.kind == .string && $0.text == piece }
                }
            }.map { "names the event `\($0)`, which the sources do not log" }
    }
}
