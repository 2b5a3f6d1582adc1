/// Describes the unusable rows of a retraining, for the reason of the verdict and for the log.
struct UnusableRowsDescription {
    private let summary: RowSummary
    private let labels: [String]

    /// - Parameter labels: those of the task.
    init(_ summary: RowSummary, labels: [String]) { (self.summary, self.labels) = (summary, labels) }

    /// Such as `120 of 360 rows unusable: 120 with labels that the task does not have ("High": 120, the task has
    /// "high")`; `nil` if all rows are usable.
    var sentence: String? {
        var kinds: [String] = []
        if summary.withUnknownLabels > 0 {
            kinds.append("\(summary.withUnknownLabels) with labels that the task does not have (\(unknownLabels))")
        }
        if summary.empty > 0 { kinds.append("\(summary.empty) without text") }
        if summary.otherKind > 0 {
            kinds.append("\(summary.otherKind) with one label instead of a set, or a set instead of one label")
        }
        guard !kinds.isEmpty else { return nil }
        return "\(summary.unusable) of \(summary.read) rows unusable: " + kinds.joined(separator: ", ")
    }

    /// How many labels are named; the most frequent ones are.
    private static let named = 5

    /// The unknown labels with their numbers of rows, the most frequent first.
    var unknownLabels: String {
        let sorted = summary.unknownLabels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var parts = sorted.prefix(Self.named).map { "\(Self.name($0.key)): \($0.value)" + near($0.key) }
        if sorted.count > Self.named { parts.append("\(sorted.count - Self.named) more labels") }
        return parts.joined(separator: "; ")
    }

    /// Names the task's label that differs only in case.
    private func near(_ label: String) -> String {
        let folded = label.lowercased()
        return labels.first { $0.lowercased() == folded }.map { ", the task has \"\($0)\"" } ?? ""
    }

    /// A label in quotes. A long one is probably a text in the wrong column, and texts stay out of logs.
    private static func name(_ label: String) -> String {
        label.count <= 64 ? "\"\(label)\"" : "one of \(label.count) characters"
    }
}
