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

/// Rows as they come out of files, standard input or a query, their labels cleaned, and what was found on the way.
///
/// Labels lose the blanks around them and get Unicode's normal form C; both is counted. Texts stay as they are.
public struct RowCollection: Sendable {
    /// The labels of a row as its source writes them.
    public enum Labels: Sendable {
        /// One text, which of a multi-label task holds all labels with separators between.
        case text(String)
        case set([String])
    }

    public let options: RowOptions
    public private(set) var rows: [LabelledText] = []
    /// Names of the sources, in order.
    public private(set) var sources: [String] = []
    public private(set) var badRows: [BadRow] = []
    /// Rows a label of which had blanks around it.
    public private(set) var trimmedLabels = 0
    /// Rows a label of which was not in normal form C.
    public private(set) var normalizedLabels = 0
    /// Rows among whose labels was an empty one, or null.
    public private(set) var emptyLabels = 0
    /// Rows whose text is not in normal form C.
    public private(set) var unnormalizedTexts = 0
    private var knownLabels: [[String]: [String]] = [:]

    public init(_ options: RowOptions = RowOptions()) { self.options = options }

    /// The rows that follow come from here.
    public mutating func begin(source: String) { sources.append(source) }

    /// Takes in a row.
    /// - Parameter line: where it stands in the last source.
    public mutating func add(text: String, labels: Labels, line: Int) throws(DatasetError) {
        do throws(Refusal) {
            rows.append(LabelledText(text: text, labels: shared(try clean(try parts(labels)))))
            if !Self.isNormalized(text) { unnormalizedTexts += 1 }
        } catch {
            try refuse(line: line, reason: error.reason)
        }
    }

    /// Notes a row that cannot be read.
    /// - Throws: unless such rows are to be skipped.
    public mutating func refuse(line: Int, reason: String) throws(DatasetError) {
        let bad = BadRow(source: sources.last ?? "rows", line: line, reason: reason)
        guard options.skipsBadRows else { throw .badLine(file: bad.source, line: line, reason: reason) }
        badRows.append(bad)
    }

    /// The sources in one text.
    var name: String { sources.isEmpty ? "rows" : sources.joined(separator: ", ") }

    // MARK: - Labels

    private struct Refusal: Error {
        var reason: String
    }

    private func parts(_ labels: Labels) throws(Refusal) -> [String] {
        switch labels {
        case .text(let text):
            guard options.isMultiLabel else { return [text] }
            if text.allSatisfy(\.isWhitespace) { return [] }
            return options.separator.isEmpty ? [text] : text.components(separatedBy: options.separator)
        case .set(let labels):
            guard options.isMultiLabel else { throw Refusal(reason: "has a set of labels, but each text of this task has one") }
            return labels
        }
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

    private mutating func clean(_ labels: [String]) throws(Refusal) -> [String] {
        var result: [String] = []
        var (isTrimmed, isNormalized, hasEmpty) = (false, false, false)
        for label in labels {
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
        if result.isEmpty, !options.isMultiLabel { throw Refusal(reason: "the label is empty") }
        if isTrimmed { trimmedLabels += 1 }
        if isNormalized { normalizedLabels += 1 }
        if hasEmpty { emptyLabels += 1 }
        return result
    }
}
