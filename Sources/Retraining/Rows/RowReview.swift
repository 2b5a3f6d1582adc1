import Training
import WordPiece

/// Finds what rows can be used for a task, and counts why others cannot.
struct RowReview {
    private(set) var summary = RowSummary()
    private let matcher: LabelMatcher
    private let isMultiLabel: Bool
    /// What unknown labels are near to, so that many rows with one label cost no more than one.
    private var differences: [String: LabelMatcher.NearMiss.Difference?] = [:]

    init(_ matcher: LabelMatcher, isMultiLabel: Bool) { (self.matcher, self.isMultiLabel) = (matcher, isMultiLabel) }

    /// What a row is good for.
    enum Finding {
        /// Its labels in the task's spelling, each once.
        case usable([String])
        case defect(LabelledRow.Defect)
        case otherKind
        case empty
        /// Labels that the task does not have.
        case unknown([String])
        /// Its only label is one that the task has given up.
        case retired

        /// Whether it should be usable and is not.
        var isUnusable: Bool {
            switch self {
            case .usable, .retired: false
            case .defect, .otherKind, .empty, .unknown: true
            }
        }
    }

    /// Counts nothing.
    func finding(of row: LabelledRow) -> Finding {
        if let defect = row.defect { return .defect(defect) }
        if row.isSet != isMultiLabel { return .otherKind }
        if NormalizedText(row.text).isEmpty { return .empty }
        var labels: [String] = []
        var unknown: [String] = []
        var isRetired = false
        for label in row.labels {
            switch matcher.match(label) {
            case .label(let label): if !labels.contains(label) { labels.append(label) }
            case .retired: isRetired = true
            case .unknown: unknown.append(label.trimmed.nfc)
            }
        }
        if !unknown.isEmpty { return .unknown(unknown) }
        // Of a set, a retired label leaves the others; a row with one label has none left.
        return isRetired && !isMultiLabel ? .retired : .usable(labels)
    }

    /// Counts rows.
    ///
    /// - Parameters:
    ///   - rows: how many there are of this kind.
    ///   - isCorrected: whether newer rows of the same texts can be used: then these need not be usable.
    /// - Returns: their labels; nil if they cannot be used.
    @discardableResult
    mutating func count(_ finding: Finding, rows: Int = 1, isCorrected: Bool = false) -> [String]? {
        summary.read += rows
        if isCorrected, finding.isUnusable {
            summary.corrected += rows
            return nil
        }
        switch finding {
        case .usable(let labels): return labels
        case .defect(let defect): summary.count(defect, rows: rows)
        case .otherKind: summary.otherKind += rows
        case .empty: summary.empty += rows
        case .unknown(let labels):
            let difference = labels.compactMap { self.difference(of: $0) }.first
            summary.countUnknown(Set(labels), difference, rows: rows)
        case .retired: summary.withRetiredLabels += rows
        }
        return nil
    }

    private mutating func difference(of label: String) -> LabelMatcher.NearMiss.Difference? {
        if let known = differences[label] { return known }
        let difference = matcher.nearest(to: label)?.difference
        differences[label] = .some(difference)
        return difference
    }
}
