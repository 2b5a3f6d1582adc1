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

    /// The labels of a row in the task's spelling, each once; nil, and counted, if the row cannot be used.
    ///
    /// - Parameter count: how many rows it stands for.
    mutating func usableLabels(of row: LabelledRow, count: Int = 1) -> [String]? {
        summary.read += count
        if let defect = row.defect {
            summary.count(defect, rows: count)
            return nil
        }
        if row.isSet != isMultiLabel {
            summary.otherKind += count
            return nil
        }
        if NormalizedText(row.text).isEmpty {
            summary.empty += count
            return nil
        }
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
        guard unknown.isEmpty else {
            let difference = unknown.compactMap { self.difference(of: $0) }.first
            summary.countUnknown(Set(unknown), difference, rows: count)
            return nil
        }
        // Of a set, a retired label leaves the others; a row with one label has none left.
        if isRetired, !isMultiLabel {
            summary.withRetiredLabels += count
            return nil
        }
        return labels
    }

    private mutating func difference(of label: String) -> LabelMatcher.NearMiss.Difference? {
        if let known = differences[label] { return known }
        let difference = matcher.nearest(to: label)?.difference
        differences[label] = .some(difference)
        return difference
    }
}
