/// No line of what people edit is longer than 120 characters.
enum LineLengthRule {
    static let limit = 120

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.files.flatMap { file in
            file.lines.enumerated().compactMap { number, line in
                // Bytes are quickly counted, and there are never fewer of them than characters.
                guard line.utf8.count > limit, line.count > limit, !isExcepted(line, of: file) else { return nil }
                return Finding(path: file.path, line: number + 1, message: "\(line.count) columns")
            }
        }
    }

    /// A row of a Markdown table cannot be broken, nor can a string of JSON or an address.
    private static func isExcepted(_ line: Substring, of file: SourceFile) -> Bool {
        if file.isMarkdown && line.first == "|" || file.path.hasSuffix(".json") { return true }
        return line.split(separator: " ").contains { $0.contains("://") && line.count - $0.count < limit / 2 }
    }
}

/// A function that needs more lines than a screen has does more than one thing.
enum FunctionLengthRule {
    static let limit = 50

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.swift.flatMap { file in
            SwiftDeclarations(file.text).bodies.filter { $0.lines > limit }.map {
                Finding(path: file.path, line: $0.line, message: "`\($0.name)` has \($0.lines) lines")
            }
        }
    }
}

/// A short file that one other file of its module uses belongs into that file.
///
/// Commands are excepted: the parser's tree names each once, and a reader looks for a command in a file of its name.
enum SmallFileRule {
    static let limit = 30

    static func findings(in tree: SourceTree) -> [Finding] {
        let files = tree.sources.map { file in
            let declarations = SwiftDeclarations(file.text)
            let words = Set(declarations.code.filter { $0.kind == .word }.map(\.text))
            return (file: file, names: declarations.usableNames, words: words)
        }
        return files.compactMap { small in
            guard small.file.lines.count <= limit, !small.names.isEmpty else { return nil }
            let users = files.filter { $0.file.path != small.file.path && !$0.words.isDisjoint(with: small.names) }
            guard users.count == 1, users[0].file.module == small.file.module else { return nil }
            guard small.words.isDisjoint(with: ["ParsableCommand", "AsyncParsableCommand"]) else { return nil }
            return Finding(
                path: small.file.path, line: 1,
                message: "\(small.file.lines.count - 1) lines that only \(users[0].file.path) uses")
        }
    }
}
