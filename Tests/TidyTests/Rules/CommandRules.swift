import TestSupport

/// Every option and command of Lorikeet that a message, a help text, a document or a script names exists in its parser.
struct CommandRule {
    let commands: CommandTree

    /// Options of other programs that our texts name.
    static let foreign: Set<String> = [
        // initdb, and setpriv, by which root runs PostgreSQL as another user
        "locale", "no-sync", "no-instructions", "reuid", "regid", "clear-groups",
        // scripts/training/benchmark.py
        "part",
    ]

    func findings(in tree: SourceTree) -> [Finding] {
        tree.sources.flatMap(sourceFindings) + tree.documents.flatMap(documentFindings)
            + tree.files.filter { $0.path == "Makefile" || !$0.path.contains(".") }.flatMap(scriptFindings)
    }

    private func sourceFindings(_ file: SourceFile) -> [Finding] {
        let tokens = SwiftLexer.tokens(of: file.text).filter { $0.kind == .string || $0.kind == .comment }
        let texts = tokens.map { MarkdownCode.Piece(text: $0.text, line: $0.line) }
        // The examples of help texts. In prose the program's name may start a line, too: "lorikeet listens on …".
        let strings = tokens.filter { $0.kind == .string }.map { MarkdownCode.Piece(text: $0.text, line: $0.line) }
        let examples = joined(strings).filter { piece in
            let words = piece.text.split(separator: " ").map(String.init)
            guard words.count > 1, words[0] == "lorikeet" else { return false }
            return words[1].hasPrefix("-") || commands.subcommand(words[1]) != nil
        }
        // Reports write CSS, whose custom properties look like options.
        let optionTexts = file.module == "Reports" ? texts.flatMap(\.spans) : texts
        return options(in: optionTexts, of: file) + commandLines(in: examples + texts.flatMap(\.spans), of: file)
    }

    private func documentFindings(_ file: SourceFile) -> [Finding] {
        let code = MarkdownCode(file.text)
        let spans = code.spans.filter { $0.text.hasPrefix("--") }
        return options(in: spans, of: file) + commandLines(in: code.blockLines + code.spans, of: file)
    }

    /// Makefile and scripts name the program by a variable.
    private func scriptFindings(_ file: SourceFile) -> [Finding] {
        let lines = file.lines.enumerated().map { number, line in
            var text = String(line.drop { $0 == " " || $0 == "\t" || $0 == "@" })
            for name in ["$(PROGRAM)", "\"$program\"", "\"$PROGRAM\"", "$program"] where text.hasPrefix(name) {
                text = "lorikeet" + text.dropFirst(name.count).replacing("$(if ", with: "")
            }
            return MarkdownCode.Piece(text: text, line: number + 1)
        }
        return commandLines(in: joined(lines), of: file)
    }

    private func options(in pieces: [MarkdownCode.Piece], of file: SourceFile) -> [Finding] {
        let known = commands.allOptions.union(Self.foreign)
        return pieces.flatMap { piece in
            Self.optionNames(in: piece.text).filter { !known.contains($0) }.map {
                Finding(path: file.path, line: piece.line, message: "no command has an option --\($0)")
            }
        }
    }

    /// `pipeline` of "use --pipeline FILE"; nothing of "a--b" and "---".
    static func optionNames(in text: String) -> [String] {
        text.split { $0.isWhitespace || "\"'`()[]{},;|".contains($0) }.compactMap { word in
            guard word.hasPrefix("--") else { return nil }
            let name = word.dropFirst(2).prefix { $0.isLetter || $0.isNumber || $0 == "-" }
            return name.first?.isLetter == true ? String(name) : nil
        }
    }

    /// The lines that call the program, by its name or by a path to it.
    private func commandLines(in pieces: [MarkdownCode.Piece], of file: SourceFile) -> [Finding] {
        pieces.flatMap { piece in
            Self.calls(in: piece.text).compactMap { call in
                commands.problem(with: call).map { Finding(path: file.path, line: piece.line, message: $0) }
            }
        }
    }

    /// `lorikeet …` at the start of a line, behind a prompt, `sudo`, settings of the environment, or a pipe.
    static func calls(in line: String) -> [String] {
        var calls: [String] = []
        var isStart = true
        let words = line.split(separator: " ").map(String.init)
        for (index, word) in words.enumerated() {
            let isProgram = word == "lorikeet" || word.hasSuffix("/lorikeet") && !word.hasPrefix("-")
            if isStart, isProgram, index + 1 < words.count {
                calls.append(words[index...].joined(separator: " "))
            }
            let isPrefix = ["$", "sudo", "time", "|", "&&", ";", "do"].contains(word) || word.hasPrefix("ExecStart=")
            isStart = isPrefix || isStart && word.contains("=") || word.hasPrefix("`")
        }
        return calls
    }

    /// Joins lines that end with a backslash with the next.
    private func joined(_ pieces: [MarkdownCode.Piece]) -> [MarkdownCode.Piece] {
        pieces.reduce(into: []) { lines, piece in
            if let last = lines.last, last.text.hasSuffix("\\") {
                lines[lines.count - 1] = MarkdownCode.Piece(
                    text: last.text.drop { $0 == " " }.dropLast() + " " + piece.text, line: last.line)
            } else {
                lines.append(piece)
            }
        }
    }
}
