/// The code of a Markdown document: spans in backticks and lines of code blocks.
struct MarkdownCode {
    struct Piece: Equatable {
        let text: String
        let line: Int

        /// What stands between backticks in one line of a comment or a message.
        var spans: [Piece] {
            let parts = text.split(separator: "`", omittingEmptySubsequences: false)
            return parts.indices.filter { $0 % 2 == 1 && $0 + 1 < parts.count }.map {
                Piece(text: String(parts[$0]), line: line)
            }
        }
    }

    /// In the order of the page; a span that was wrapped is one piece.
    private(set) var spans: [Piece] = []
    /// Lines of fenced and indented blocks; a line that ends with a backslash is joined with the next.
    private(set) var blockLines: [Piece] = []

    init(_ text: String) {
        var prose = ""
        var isFenced = false
        var isContinued = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.drop { $0 == " " }
            if trimmed.hasPrefix("```") { isFenced.toggle() }
            let isCode = isFenced || line.hasPrefix("    ")
            prose += (isCode ? "" : line) + "\n"
            guard isCode else { continue }
            if isContinued, let last = blockLines.popLast() {
                blockLines.append(Piece(text: last.text.dropLast() + " " + trimmed, line: last.line))
            } else {
                blockLines.append(Piece(text: String(trimmed), line: number + 1))
            }
            isContinued = line.hasSuffix("\\")
        }
        addSpans(of: prose)
    }

    private mutating func addSpans(of prose: String) {
        var line = 1
        var start: Int?
        var span = ""
        for character in prose {
            if character == "`" {
                if let begun = start {
                    spans.append(Piece(text: span, line: begun))
                    start = nil
                } else {
                    (start, span) = (line, "")
                }
            } else if start != nil {
                // A blank line ends a paragraph, and with it a backtick that nothing closes.
                if character == "\n", span.last == "\n" { start = nil }
                span.append(character == "\n" && span.last != "\n" ? " " : character)
            }
            if character == "\n" { line += 1 }
        }
    }
}
