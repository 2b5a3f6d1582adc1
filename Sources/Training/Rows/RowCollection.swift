import Foundation

/// A row that cannot be read. Texts are never part of it.
public struct BadRow: Error, Sendable, Codable, Equatable, CustomStringConvertible {
    /// A file's name, `standard input` or `query`.
    public var source: String
    /// From 1: the line that it begins on, of a query the row.
    public var line: Int
    public var reason: String

    public var description: String { "\(source):\(line): \(reason)" }
}

/// A file, standard input or a query, and how its rows were told.
struct RowOrigin: Sendable {
    var name: String
    /// The index of its first row.
    var first: Int
    /// Whether a header, the members of JSON objects or the columns of a query name text and label.
    var isNamed = false
    /// Whether its first row may be a header.
    var maybeHeading = false
    /// So many columns every line has, where a line was read as a label and a text with tabs.
    var evenColumns: Int?
}

/// Rows as they come out of files, standard input or a query, their labels cleaned, and what was found on the way.
///
/// Labels lose the blanks around them and get Unicode's normal form C; both is counted. Texts stay as they are.
public struct RowCollection: Sendable {
    /// The labels of a row as its source writes them.
    public enum Labels: Sendable {
        /// One text, which of a multi-label task holds all labels with separators between.
        case text(String)
        case set([String])
        /// A JSON value.
        case json(String)
    }

    public let options: RowOptions
    public private(set) var rows: [LabelledText] = []
    /// Where they come from, in order.
    private(set) var origins: [RowOrigin] = []
    public private(set) var badRows: [BadRow] = []
    /// Rows a label of which had blanks around it.
    public private(set) var trimmedLabels = 0
    /// Rows a label of which was not in normal form C.
    public private(set) var normalizedLabels = 0
    /// Rows among whose labels was an empty one, or null.
    public private(set) var emptyLabels = 0
    /// Rows whose text is not in normal form C.
    public private(set) var unnormalizedTexts = 0
    /// Rows in whose JSON half of a surrogate pair stood, which became U+FFFD.
    public private(set) var replacedSurrogates = 0
    private var knownLabels: [[String]: [String]] = [:]

    public init(_ options: RowOptions = RowOptions()) { self.options = options }

    /// Names of the sources, in order.
    public var sources: [String] { origins.map(\.name) }

    /// The rows that follow come from here.
    public mutating func begin(source: String) { origins.append(RowOrigin(name: source, first: rows.count)) }

    /// Takes in a row.
    /// - Parameter line: where it stands in the last source.
    public mutating func add(text: String, labels: Labels, line: Int) throws(DatasetError) {
        guard options.readsLabels else { return addUnlabelled(text, labels) }
        do throws(RowRefusal) {
            rows.append(LabelledText(text: text, labels: shared(try clean(labels))))
            if !Self.isNormalized(text) { unnormalizedTexts += 1 }
        } catch {
            try refuse(line: line, reason: error.reason, remedy: error.remedy)
        }
    }

    /// Of texts alone what stands in a label's place only tells whether the columns are those meant.
    private mutating func addUnlabelled(_ text: String, _ labels: Labels) {
        switch labels {
        case .text(let label), .json(let label):
            rows.append(LabelledText(text: text, labels: shared(label.isEmpty ? [] : [label])))
        case .set(let labels): rows.append(LabelledText(text: text, labels: shared(labels)))
        }
    }

    /// Notes a row that cannot be read.
    /// - Parameter remedy: what would tell how it is meant.
    /// - Throws: unless such rows are to be skipped.
    public mutating func refuse(line: Int, reason: String, remedy: RowRemedy? = nil) throws(DatasetError) {
        let bad = BadRow(source: origins.last?.name ?? "rows", line: line, reason: reason)
        guard options.skipsBadRows else {
            guard let remedy else { throw .badLine(file: bad.source, line: line, reason: reason) }
            throw .doubtful(file: bad.source, line: line, reason: reason, remedy: remedy)
        }
        badRows.append(bad)
    }

    mutating func noteReplacedSurrogate() { replacedSurrogates += 1 }

    /// Notes how the columns of the last source were told.
    mutating func noteTable(isNamed: Bool, maybeHeading: Bool) {
        guard let last = origins.indices.last else { return }
        (origins[last].isNamed, origins[last].maybeHeading) = (isNamed, maybeHeading)
    }

    /// Notes that every line of the last source, read as a label and a text with tabs, has so many columns.
    mutating func noteEvenColumns(_ count: Int) {
        guard let last = origins.indices.last else { return }
        origins[last].evenColumns = count
    }

    /// The sources in one text.
    var name: String { sources.isEmpty ? "rows" : sources.joined(separator: ", ") }

    // MARK: - Labels

    private func parts(_ labels: Labels) throws(RowRefusal) -> [String] {
        switch labels {
        case .text(let text):
            if let labels = try JSONLabels.labels(within: text) { return try parts(labels) }
            guard options.isMultiLabel else { return [text] }
            if text.allSatisfy(\.isWhitespace) { return [] }
            return options.separator.isEmpty ? [text] : text.components(separatedBy: options.separator)
        case .set(let labels): return labels
        case .json(let text): return try parts(try JSONLabels.labels(of: text))
        }
    }

    /// - Throws: if a text of a task that gives each one label has several, or none.
    private func checkCount(_ labels: [String], of given: Labels) throws(RowRefusal) {
        guard !options.isMultiLabel, labels.count != 1 else { return }
        if labels.isEmpty, case .text = given { throw RowRefusal(reason: "the label is empty") }
        let count = labels.isEmpty ? "no label" : "\(labels.count) labels"
        throw RowRefusal(reason: "has \(count), but each text of this task has one", remedy: .multiLabel)
    }

    private static func isNormalized(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 < 0x80 } || text.precomposedStringWithCanonicalMapping.utf8.elementsEqual(text.utf8)
    }

    /// One array for all rows with these labels: of many rows each would else hold a piece of memory between their texts, so that no
    /// page of it could be given back once the texts are forgotten.
    private mutating func shared(_ labels: [String]) -> [String] {
        if let known = knownLabels[labels] { return known }
        knownLabels[labels] = labels
        return labels
    }

    private mutating func clean(_ given: Labels) throws(RowRefusal) -> [String] {
        var result: [String] = []
        var (isTrimmed, isNormalized, hasEmpty) = (false, false, false)
        for label in try parts(given) {
            // PostgreSQL stores no text with it.
            if label.utf8.contains(0) { throw RowRefusal(reason: "the label holds U+0000") }
            let trimmed = label.trimmingCharacters(in: .whitespacesAndNewlines)
            let normalized = trimmed.precomposedStringWithCanonicalMapping
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
