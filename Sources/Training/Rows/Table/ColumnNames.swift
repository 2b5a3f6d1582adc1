import WordPiece

/// The known names of columns, and of members of JSON objects.
enum ColumnNames {
    /// Names of text columns. A name counts only if none of an earlier group is there.
    static let texts = [["text"], ["sentence", "message", "content", "document"]]

    /// Names of label columns.
    static func labels(isMultiLabel: Bool) -> [[String]] {
        let own = isMultiLabel ? [["labels"], ["label"]] : [["label"], ["labels"]]
        return own + [["category", "class", "target"]]
    }

    /// Typical column names. A first record of such words is a header, even if it does not say which column is which.
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

    /// Characters that may surround a name: quotes, brackets, the mark of a comment, a colon or question mark, and the
    /// byte-order mark of a file that was appended to another.
    private static let marks: Set<Unicode.Scalar> = Set("\"'#:?<>[](){}\u{FEFF}".unicodeScalars)

    /// A name without differences that do not matter: blanks and marks around it, and case.
    static func key(_ name: String) -> String { bare(name).lowercased() }

    /// A name without blanks and marks around it.
    private static func bare(_ name: String) -> String {
        func surrounds(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || marks.contains(scalar) }
        let scalars = name.unicodeScalars
        guard let first = scalars.firstIndex(where: { !surrounds($0) }),
            let last = scalars.lastIndex(where: { !surrounds($0) })
        else { return "" }
        return String(scalars[first...last])
    }

    /// Whether these are known names of a label column and a text column.
    static func areKnown(label: String, text: String) -> Bool {
        let labels = Self.labels(isMultiLabel: false)
        return labels.joined().contains(label) && texts.joined().contains(text)
            || texts[0].contains(label) && labels.prefix(2).joined().contains(text)
    }

    static func isHeading(_ name: String) -> Bool { headings.contains(key(name)) }

    /// Whether this may be a column name: short, of few words, without the punctuation of sentences. Nothing else may
    /// be shown in an error.
    static func looksLikeName(_ cell: String) -> Bool {
        if isHeading(cell) { return true }
        var name = cell.trimmed
        let word = bare(name)
        if !word.isEmpty, !word.contains(where: \.isWhitespace) { name = word }
        guard name.utf8.count <= 32, let first = name.unicodeScalars.first, let last = name.unicodeScalars.last else {
            return name.isEmpty
        }
        guard "_#".unicodeScalars.contains(first) || first.isLetter, last != "." else { return false }
        guard name.split(whereSeparator: \.isWhitespace).count <= 3 else { return false }
        return name.unicodeScalars.allSatisfy {
            $0.isLetter || $0.isNumber || " _-./()#".unicodeScalars.contains($0)
        }
    }
}

extension String {
    /// Whether it consists of digits.
    var isNumber: Bool { !isEmpty && utf8.allSatisfy { (0x30...0x39).contains($0) } }

    /// The parts between separators, empty ones included.
    func parts(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}

extension Unicode.Scalar {
    /// Whether it is a letter or a mark on one, in Unicode's general categories L and M.
    fileprivate var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark:
            true
        default: false
        }
    }

    /// Whether it is in Unicode's general category N.
    fileprivate var isNumber: Bool {
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }
}
