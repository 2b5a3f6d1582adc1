import Foundation

/// The names by which columns, and members of JSON objects, are known.
enum ColumnNames {
    /// Of texts. A name counts only where none before it is there.
    static let texts = [["text"], ["sentence", "message", "content", "document"]]

    /// Of labels.
    static func labels(isMultiLabel: Bool) -> [[String]] {
        let own = isMultiLabel ? [["labels"], ["label"]] : [["label"], ["labels"]]
        return own + [["category", "class", "target"]]
    }

    /// Words that head columns. A first record of such words is a header, also where it does not tell which column is
    /// which.
    private static let headings: Set<String> = [
        "annotation", "annotation_id", "annotator", "answer", "body", "category", "class", "class_name", "classes",
        "comment",
        "comments", "content", "created_at", "date", "description", "document", "emotion", "header", "id", "idx",
        "index",
        "input", "intent", "intents", "key", "label", "label_name", "labels", "lang", "language", "message", "messages",
        "name",
        "note", "notes", "output", "phrase", "polarity", "priority", "prompt", "quality", "query", "question", "rating",
        "review", "reviews", "score", "section", "sentence", "sentences", "sentiment", "severity", "source", "stars",
        "status",
        "subject", "summary", "tag", "tags", "target", "text", "texts", "title", "topic", "topics", "tweet", "type",
        "urgency",
        "user", "utterance", "v1", "v2", "value", "x", "y",
    ]

    /// What may surround a name: quotes, brackets, the mark of a comment, a colon or question mark, and the byte-order
    /// mark of a file that follows another.
    private static let marks = CharacterSet(charactersIn: "\"'#:?<>[](){}\u{FEFF}")
    private static let surroundings = marks.union(.whitespacesAndNewlines)

    /// A name without the differences that do not count: blanks and marks around it, and case.
    static func key(_ name: String) -> String { name.trimmingCharacters(in: surroundings).lowercased() }

    /// Whether these are a known name of labels and a known name of texts.
    static func areKnown(label: String, text: String) -> Bool {
        let labels = Self.labels(isMultiLabel: false)
        return labels.joined().contains(label) && texts.joined().contains(text)
            || texts[0].contains(label) && labels.prefix(2).joined().contains(text)
    }

    static func isHeading(_ name: String) -> Bool { headings.contains(key(name)) }

    /// Whether this may be a name: short, of few words, without what only sentences have. Nothing else may be shown in
    /// an error.
    static func looksLikeName(_ cell: String) -> Bool {
        if isHeading(cell) { return true }
        var name = cell.trimmingBlanks
        let word = name.trimmingCharacters(in: surroundings)
        if !word.isEmpty, !word.contains(where: \.isWhitespace) { name = word }
        guard name.utf8.count <= 32, let first = name.unicodeScalars.first, let last = name.unicodeScalars.last else {
            return name.isEmpty
        }
        guard "_#".unicodeScalars.contains(first) || CharacterSet.letters.contains(first), last != "." else {
            return false
        }
        guard name.split(whereSeparator: \.isWhitespace).count <= 3 else { return false }
        return name.unicodeScalars.allSatisfy {
            CharacterSet.alphanumerics.contains($0) || " _-./()#".unicodeScalars.contains($0)
        }
    }
}

extension String {
    /// Whether there is nothing but digits.
    var isNumber: Bool { !isEmpty && utf8.allSatisfy { (0x30...0x39).contains($0) } }

    /// Without the blanks and line ends around it.
    var trimmingBlanks: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
