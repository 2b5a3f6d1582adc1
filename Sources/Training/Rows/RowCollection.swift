import WordPiece

/// A row that cannot be read. It contains no text.
public struct BadRow: Error, Sendable, Codable, Equatable, CustomStringConvertible {
    /// A file's name, `standard input` or `query`.
    public var source: String
    /// The line that it begins on, from 1; in a query, the row.
    public var line: Int
    /// What is wrong with it.
    public var reason: String

    /// Source, line and reason.
    public var description: String { "\(source):\(line): \(reason)" }
}

/// A file, standard input or a query, and how its columns were found.
struct RowOrigin: Sendable {
    var name: String
    /// The index of its first row.
    var first: Int
    /// Whether a header, the members of JSON objects or the columns of a query name text and label.
    var isNamed = false
    /// Whether its first row may be a header.
    var maybeHeading = false
    /// The number of columns that every line has, if lines were read as a label and a text with tabs.
    var evenColumns: Int?
}

/// The rows of files, standard input or a query with cleaned labels, and counts of what was cleaned.
///
/// Labels are trimmed and put into Unicode's normal form C. Texts stay as they are.
public struct RowCollection: Sendable {
    /// The labels of a row, as its source has them.
    public enum Labels: Sendable {
        /// One text; in a multi-label task it holds all labels with separators between them.
        case text(String)
        /// A list of labels.
        case set([String])
        /// A JSON value.
        case json(String)
    }

    /// How the rows are read.
    public let options: RowOptions
    /// The readable rows, in order.
    public private(set) var rows: [LabelledText] = []
    /// The sources, in order.
    private(set) var origins: [RowOrigin] = []
    /// The rows that were skipped.
    public private(set) var badRows: [BadRow] = []
    /// Rows with blanks around a label.
    public private(set) var trimmedLabels = 0
    /// Rows with a label that was not in normal form C.
    public private(set) var normalizedLabels = 0
    /// Rows with an empty label, or null, among their labels.
    public private(set) var emptyLabels = 0
    /// Rows with a text that is not in normal form C.
    public private(set) var unnormalizedTexts = 0
    /// Rows with half of a surrogate pair in their JSON, which became U+FFFD.
    public private(set) var replacedSurrogates = 0
    private var knownLabels: [[String]: [String]] = [:]

    /// An empty collection.
    public init(_ options: RowOptions = RowOptions()) { self.options = options }

    /// Names of the sources, in order.
    public var sources: [String] { origins.map(\.name) }

    /// Begins a source: the next rows come from it.
    public mutating func begin(source: String) { origins.append(RowOrigin(name: source, first: rows.count)) }

    /// Adds a row.
    ///
    /// - Parameters:
    ///   - text: the text, which stays as it is.
    ///   - labels: the labels, which are cleaned.
    ///   - line: the line in the last source, from 1.
    /// - Throws: if the labels cannot be used and such rows are not skipped.
    public mutating func add(text: String, labels: Labels, line: Int) throws(DatasetError) {
        guard options.readsLabels else { return addUnlabelled(text, labels) }
        do throws(RowRefusal) {
            rows.append(LabelledText(text: text, labels: shared(try clean(labels))))
            if !Self.isNormalized(text) { unnormalizedTexts += 1 }
        } catch {
            try refuse(line: line, reason: error.reason, remedy: error.remedy)
        }
    }

    /// Without labels, the value in a label's place only shows whether the columns are plausible.
    private mutating func addUnlabelled(_ text: String, _ labels: Labels) {
        switch labels {
        case .text(let label), .json(let label):
            rows.append(LabelledText(text: text, labels: shared(label.isEmpty ? [] : [label])))
        case .set(let labels): rows.append(LabelledText(text: text, labels: shared(labels)))
        }
    }

    /// Counts a row that cannot be read.
    ///
    /// - Parameters:
    ///   - line: the line in the last source, from 1.
    ///   - reason: what is wrong with it.
    ///   - remedy: what would decide how it is read.
    /// - Throws: unless such rows are skipped.
    public mutating func refuse(line: Int, reason: String, remedy: RowRemedy? = nil) throws(DatasetError) {
        let bad = BadRow(source: origins.last?.name ?? "rows", line: line, reason: reason)
        guard options.skipsBadRows else {
            guard let remedy else { throw .badLine(file: bad.source, line: line, reason: reason) }
            throw .doubtful(file: bad.source, line: line, reason: reason, remedy: remedy)
        }
        badRows.append(bad)
    }

    mutating func noteReplacedSurrogate() { replacedSurrogates += 1 }

    /// Records how the columns of the last source were found.
    mutating func noteTable(isNamed: Bool, maybeHeading: Bool) {
        guard let last = origins.indices.last else { return }
        (origins[last].isNamed, origins[last].maybeHeading) = (isNamed, maybeHeading)
    }

    /// Records that every line of the last source, read as a label and a text with tabs, has this many columns.
    mutating func noteEvenColumns(_ count: Int) {
        guard let last = origins.indices.last else { return }
        origins[last].evenColumns = count
    }

    /// The names of the sources.
    var name: String { sources.isEmpty ? "rows" : sources.joined(separator: ", ") }

    // MARK: - Labels

    private func parts(_ labels: Labels) throws(RowRefusal) -> [String] {
        switch labels {
        case .text(let text):
            if let labels = try JSONLabels.labels(within: text) { return try parts(labels) }
            guard options.isMultiLabel else { return [text] }
            if text.allSatisfy(\.isWhitespace) { return [] }
            return options.separator.isEmpty ? [text] : text.parts(separatedBy: options.separator)
        case .set(let labels): return labels
        case .json(let text): return try parts(try JSONLabels.labels(of: text))
        }
    }

    /// Refuses several labels, or none, if the task gives each text one label.
    private func checkCount(_ labels: [String], of given: Labels) throws(RowRefusal) {
        guard !options.isMultiLabel, labels.count != 1 else { return }
        if labels.isEmpty, case .text = given { throw RowRefusal(reason: "the label is empty") }
        let count = labels.isEmpty ? "no label" : "\(labels.count) labels"
        throw RowRefusal(reason: "has \(count), but each text of this task has one", remedy: .multiLabel)
    }

    private static func isNormalized(_ text: String) -> Bool {
        text.nfc.utf8.elementsEqual(text.utf8)
    }

    /// One array for all rows with the same labels. Arrays of their own would lie in memory between the texts, so that
    /// no page could be returned to the system once the texts are freed.
    private mutating func shared(_ labels: [String]) -> [String] {
        if let known = knownLabels[labels] { return known }
        knownLabels[labels] = labels
        return labels
    }

    private mutating func clean(_ given: Labels) throws(RowRefusal) -> [String] {
        var result: [String] = []
        var (isTrimmed, isNormalized, hasEmpty) = (false, false, false)
        for label in try parts(given) {
            // PostgreSQL cannot store it.
            if label.utf8.contains(0) { throw RowRefusal(reason: "the label contains U+0000") }
            let trimmed = label.trimmed
            let normalized = trimmed.nfc
            if trimmed.isEmpty {
                hasEmpty = true
                continue
            }
            if trimmed.utf8.count != label.utf8.count { isTrimmed = true }
            if !normalized.utf8.elementsEqual(trimmed.utf8) { isNormalized = true }
            if !result.contains(normalized) { result.append(normalized) }
        }
        try checkCount(result, of: given)
        if isTrimmed { trimmedLabels += 1 }
        if isNormalized { normalizedLabels += 1 }
        if hasEmpty { emptyLabels += 1 }
        return result
    }
}

extension RowCollection {
    /// Finds the columns of texts and labels in the result of a query, which must be the last source.
    public mutating func columns(named names: [String]) throws(DatasetError) -> (text: Int, label: Int) {
        noteTable(isNamed: true, maybeHeading: false)
        let finder = ColumnFinder(options: options)
        do throws(RowRefusal) {
            let (text, label) = (try finder.text(in: names), try finder.label(in: names))
            if let text, let label, text.index != label.index { return (text.index, label.index) }
            let required = "text and \(options.isMultiLabel ? "labels" : "label")"
            throw RowRefusal(
                reason: "the columns must be \(required), but they are \(names.joined(separator: ", "))",
                remedy: .columns(among: []))
        } catch {
            throw .doubtful(
                file: sources.last ?? "rows", line: nil, reason: error.reason,
                remedy: error.remedy ?? .columns(among: []))
        }
    }
}

extension RowCollection {
    /// Checks the rows of every source.
    ///
    /// - Parameter known: labels of the task.
    /// - Throws: `DatasetError.doubtful` if rows were probably read the wrong way.
    func checkPlausible(known: some Sequence<String> = []) throws(DatasetError) {
        let known = Set(known)
        for (index, origin) in origins.enumerated() {
            let end = index + 1 < origins.count ? origins[index + 1].first : rows.count
            try RowPlausibility(origin, rows[origin.first..<end], options: options, known: known).check()
        }
    }
}
