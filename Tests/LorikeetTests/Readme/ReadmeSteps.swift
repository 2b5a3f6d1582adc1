import TestSupport

/// What the README gives its reader to run or to write, in the order of the page: commands, SQL statements, and files.
struct ReadmeSteps {
    /// A file is the text of its block, whose first line names it in a comment: `# tickets.yaml`.
    let all: [MarkdownCode.Piece]

    private static let programs = ["make ", "lorikeet "]
    private static let statements = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "]

    init(_ page: String) {
        let code = MarkdownCode(page)
        let blocks = Self.blockSteps(of: page)
        let spans = code.spans.filter { span in
            guard (Self.programs + Self.statements).contains(where: span.text.hasPrefix) else { return false }
            // Prose that only mentions a command of a block.
            return !blocks.contains { $0.text == span.text || $0.text.hasPrefix(span.text + " ") }
        }
        all = (blocks + spans).sorted { $0.line < $1.line }
    }

    /// The steps of a page's code blocks, without what its prose mentions.
    static func blockSteps(of page: String) -> [MarkdownCode.Piece] {
        MarkdownCode(page).indentedBlocks.flatMap(steps)
    }

    /// Steps that this test neither takes nor names as taken elsewhere.
    var unknown: [MarkdownCode.Piece] {
        all.filter { ReadmeCommand($0.text) == nil && ReadmeCommand.elsewhere[$0.text] == nil }
    }

    private static func steps(of block: MarkdownCode.Piece) -> [MarkdownCode.Piece] {
        if isFile(block.text) { return [block] }
        let isSQL = statements.contains(where: block.text.hasPrefix)
        var steps: [MarkdownCode.Piece] = []
        var isOpen = false
        for (number, line) in block.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let code = isSQL ? line[...] : withoutComment(line)
            if isOpen, let last = steps.popLast() {
                steps.append(MarkdownCode.Piece(text: last.text + "\n" + code, line: last.line))
            } else if !code.isEmpty {
                steps.append(MarkdownCode.Piece(text: String(code), line: block.line + number))
            } else {
                continue
            }
            isOpen = isSQL ? !code.hasSuffix(";") : code.hasSuffix("\\")
        }
        return steps
    }

    private static func isFile(_ text: String) -> Bool {
        guard let title = text.split(separator: "\n").first, title.hasPrefix("# ") else { return false }
        return title.contains(".") && !title.dropFirst(2).contains(" ")
    }

    /// `make demo` of "make demo      # the daemon at work".
    private static func withoutComment(_ line: Substring) -> Substring {
        guard !line.hasPrefix("#") else { return "" }
        let code = line.firstRange(of: " #").map { line[..<$0.lowerBound] } ?? line
        return code[..<(code.lastIndex { $0 != " " }.map { code.index(after: $0) } ?? code.startIndex)]
    }
}

/// The steps that this test takes, by how they begin.
enum ReadmeCommand: String, CaseIterable {
    case train = "lorikeet train"
    case writePipelineFile = "# tickets.yaml"
    case export = "export"
    case migrate = "lorikeet migrate"
    case check = "lorikeet check"
    case test = "lorikeet test"
    case run = "lorikeet run"
    case selectLabels = "SELECT \"offset\", task, label, score FROM lorikeet.labels"
    case insertAnnotation = "INSERT INTO lorikeet.annotations"
    case retrain = "lorikeet retrain"
    case listAdapters = "lorikeet adapters list"
    case rollBack = "lorikeet adapters rollback"
    case selectRetrainings = "SELECT * FROM lorikeet.retrainings"

    /// The steps that are not taken here, with the reason.
    static let elsewhere = [
        "make demo": "continuous integration runs it",
        "make test": "continuous integration runs it, and so this test",
        "make setup": "the first thing that the other targets of make do",
        "make demo DEMO_FLAGS=--keep": "the same demo, which then runs until Ctrl-C",
        "make install": "compiles the program a second time; InstallTests run the script that it then calls",
        "make deb": "compiles the program a second time; `make test-deb` installs the package in a clean root",
        "lorikeet init": "asks on a terminal; InitOperationTests give the answers",
        "lorikeet top --url http://127.0.0.1:9464": "runs until a key is pressed; StatusCommandTests look at its page",
    ]

    /// The step that begins like this text.
    init?(_ text: String) {
        let found = Self.allCases.first { command in
            guard text.hasPrefix(command.rawValue) else { return false }
            return text.dropFirst(command.rawValue.count).first.map { " \n;".contains($0) } ?? true
        }
        guard let found else { return nil }
        self = found
    }
}
