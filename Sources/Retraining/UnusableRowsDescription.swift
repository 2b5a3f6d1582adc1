/// The rows of a retraining that were left out, in words: for the record's reason and for the log.
struct UnusableRowsDescription {
    private let summary: RowSummary
    private let labels: [String]

    /// - Parameter labels: those of the task.
    init(_ summary: RowSummary, labels: [String]) { (self.summary, self.labels) = (summary, labels) }

    /// `120 of 360 rows unusable: 120 with labels that the task does not have ("High": 120, the task has "high")`; `nil` if
    /// nothing was left out.
    var sentence: String? {
        var kinds: [String] = []
        if summary.withUnknownLabels > 0 {
            kinds.append("\(summary.withUnknownLabels) with labels that the task does not have (\(unknownLabels))")
        }
        if summary.empty > 0 { kinds.append("\(summary.empty) without text") }
        if summary.otherKind > 0 { kinds.append("\(summary.otherKind) with \(otherKind)") }
        guard !kinds.isEmpty else { return nil }
        return "\(summary.unusable) of \(summary.read) rows unusable: " + kinds.joined(separator: ", ")
    }

    /// A multi-label task cannot use one label, the other kind of task no set.
    private var otherKind: String { "one label in place of a set, or a set in place of one label" }

    /// How many labels are named, the most frequent first.
    private static let named = 5

    /// The labels with their rows.
    var unknownLabels: String {
        let sorted = summary.unknownLabels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var parts = sorted.prefix(Self.named).map { "\(Self.name($0.key)): \($0.value)" + near($0.key) }
        if sorted.count > Self.named { parts.append("\(sorted.count - Self.named) more labels") }
        return parts.joined(separator: "; ")
    }

    /// The task's label that differs only in case.
    private func near(_ label: String) -> String {
        let folded = label.lowercased()
        return labels.first { $0.lowercased() == folded }.map { ", the task has \"\($0)\"" } ?? ""
    }

    /// A label in quotes. One this long is hardly a label but a text in the wrong column, and texts stay out of logs.
    private static func name(_ label: String) -> String {
        label.count <= 64 ? "\"\(label)\"" : "one of \(label.count) characters"
    }
}
