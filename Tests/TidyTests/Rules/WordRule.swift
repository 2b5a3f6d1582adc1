/// One word per thing: the words that the glossary replaced do not come back.
enum WordRule {
    /// Words and phrases with the term to use. Phrases match whole words in any case and across lines;
    /// names of types match in code as well. Names of variables are free.
    static let banned: [(phrase: String, instead: String)] = [
        ("live way", "serving path"),
        ("learning way", "retraining"),
        ("learning run", "retraining"),
        ("LearningRun", "RetrainingRun"),
        ("LiveWay", "ServingPipeline"),
        ("Timepiece", "Clock"),
        ("LiveBoard", "telemetry"),
        ("point of abstention", "abstention threshold"),
        ("under way", "in flight, or running"),
        ("gone on with", "resumed"),
        ("going on after", "recovered"),
        ("kept epoch", "best epoch"),
        ("wanted", "required, or requested"),
        ("learn from", "train on"),
        ("learns from", "trains on"),
        ("learned from", "trained on"),
        ("learnt from", "trained on"),
        ("to learn with", "to train on"),
        // "per": English has no "texts a second" in technical prose
        ("a text a line", "one text per line"),
        ("texts a second", "texts per second"),
        ("rows a second", "rows per second"),
        ("tokens a second", "tokens per second"),
        ("messages a second", "messages per second"),
        ("records a second", "records per second"),
        ("documents a second", "documents per second"),
        ("batches a second", "batches per second"),
        ("several labels a text", "several labels per text"),
        ("one a task", "one per task"),
        ("once a task", "once per task"),
        ("a line a", "one line per"),
        ("of a hundred", "percent"),
        ("such as it is", "nothing: leave it out"),
    ]

    /// Keys of JSON output that scripts rely on.
    private static let contracts: Set<String> = ["wanted"]

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.files.filter { !$0.path.hasPrefix("Tests/TidyTests/") }.flatMap(findings)
    }

    static func findings(in file: SourceFile) -> [Finding] {
        let prose = FlowingText(prose(of: file))
        let names = file.isSwift ? SwiftLexer.code(of: file.text).filter { $0.kind == .word } : []
        return banned.flatMap { banned in
            let isName = banned.phrase.contains(where: \.isUppercase)
            let inCode = isName ? names.filter { $0.text == banned.phrase }.map(\.line) : []
            return (prose.lines(of: banned.phrase) + inCode).map {
                Finding(path: file.path, line: $0, message: "\"\(banned.phrase)\": write \(banned.instead)")
            }
        }.sorted { $0.line < $1.line }
    }

    /// What is written for people, with its lines: comments and strings of Swift, comments of scripts, and documents.
    private static func prose(of file: SourceFile) -> [(line: Int, text: String)] {
        if file.isSwift {
            return SwiftLexer.tokens(of: file.text)
                .filter { $0.kind == .comment || ($0.kind == .string && !contracts.contains($0.text)) }
                .map { ($0.line, $0.text) }
        }
        let lines = file.lines.enumerated().map { ($0 + 1, String($1)) }
        return file.path.hasPrefix("scripts/") ? lines.filter { $0.1.hasPrefix("#") } : lines
    }
}

/// A file's words in lower case with one space between them, so that a phrase is found across lines of a comment.
private struct FlowingText {
    private var bytes: [UInt8] = [UInt8(ascii: " ")]
    private var starts: [(offset: Int, line: Int)] = []

    init(_ lines: [(line: Int, text: String)]) {
        for (number, line) in lines {
            let words = line.lowercased().split { $0 == " " || $0 == "\t" }
            starts.append((bytes.count, number))
            for word in words.drop(while: { ["///", "//", "#", ">", "*", "-"].contains($0) }) {
                bytes += Array(word.utf8) + [UInt8(ascii: " ")]
            }
        }
    }

    func lines(of phrase: String) -> [Int] {
        let target = Array(phrase.lowercased().utf8)
        guard let first = target.first, bytes.count > target.count else { return [] }
        var lines: [Int] = []
        for offset in 1..<(bytes.count - target.count) where bytes[offset] == first {
            guard bytes[offset..<(offset + target.count)].elementsEqual(target) else { continue }
            guard !isLetter(bytes[offset - 1]), !isLetter(bytes[offset + target.count]) else { continue }
            lines.append(starts.last { $0.offset <= offset }?.line ?? 1)
        }
        return lines
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") || byte >= 128
    }
}
