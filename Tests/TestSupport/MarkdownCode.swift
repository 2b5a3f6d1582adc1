/// The code of a Markdown document: spans in backticks and code blocks.
public struct MarkdownCode {
    /// Code, and the line where it begins.
    public struct Piece: Equatable, Sendable {
        /// The code.
        public let text: String
        /// From 1.
        public let line: Int

        /// Code that begins at this line.
        public init(text: String, line: Int) { (self.text, self.line) = (text, line) }

        /// What stands between backticks in one line of a comment or a message.
        public var spans: [Piece] {
            let parts = text.split(separator: "`", omittingEmptySubsequences: false)
            return parts.indices.filter { $0 % 2 == 1 && $0 + 1 < parts.count }.map {
                Piece(text: String(parts[$0]), line: line)
            }
        }
    }

    /// In the order of the page; a span that was wrapped is one piece.
    public private(set) var spans: [Piece] = []
    /// Lines of fenced and indented blocks; a line that ends with a backslash is joined with the next.
    public private(set) var blockLines: [Piece] = []
    /// Indented blocks as they stand, without their indentation.
    public private(set) var indentedBlocks: [Piece] = []

    /// Reads a page.
    public init(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var prose = ""
        var isFenced = false
        var isContinued = false
        for (number, line) in lines.enumerated() {
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
        addIndentedBlocks(of: lines)
    }

    private mutating func addIndentedBlocks(of lines: [Substring]) {
        var block: [Substring] = []
        for (number, line) in (lines + ["end"]).enumerated() {
            if line.hasPrefix("    ") {
                block.append(line.dropFirst(4))
            } else if line.isEmpty, !block.isEmpty {
                // A blank line belongs to the block if more of it follows.
                block.append(line)
            } else if !block.isEmpty {
                let first = number + 1 - block.count
                while block.last?.isEmpty == true { block.removeLast() }
                indentedBlocks.append(Piece(text: block.joined(separator: "\n"), line: first))
                block = []
            }
        }
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
