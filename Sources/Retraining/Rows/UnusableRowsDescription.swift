import BERT

/// Describes the unusable rows of a retraining, for the reason of the verdict and for the log.
public struct UnusableRowsDescription: Sendable {
    private let summary: RowSummary
    private let matcher: LabelMatcher
    private let former: Set<String>

    /// - Parameters:
    ///   - labels: those of the task.
    ///   - mapping: what became of labels that the task once had.
    ///   - former: labels of the live version that the task no longer has, although nothing says what became of them.
    public init(
        _ summary: RowSummary, labels: [String], mapping: LabelMapping = LabelMapping(),
        former: Set<String> = []
    ) {
        (self.summary, matcher) = (summary, LabelMatcher(labels: labels, mapping: mapping))
        self.former = former
    }

    /// Such as `120 of 360 rows unusable: 120 with labels that the task does not have ("High": 120, the task has
    /// "high")`; `nil` if all rows are usable.
    public var sentence: String? {
        let kinds: [(rows: Int, words: String)] = [
            (
                summary.withUnknownLabels,
                "with \(summary.withUnknownLabels == 1 ? "a label" : "labels") that the task does not have "
                    + "(\(unknownLabels))"
            ),
            (summary.empty, "without text"), (summary.withoutLabel, "without label"),
            (summary.withoutTime, "without time"),
            (summary.wrongType, "with a label that is no text"),
            (summary.otherKind, "with one label instead of a set, or a set instead of one label"),
        ]
        let named = kinds.filter { $0.rows > 0 }.map { "\($0.rows) \($0.words)" }
        guard !named.isEmpty else { return nil }
        return "\(summary.unusable) of \(Quantity.text(summary.read, "row")) unusable: " + named.joined(separator: ", ")
    }

    /// How many labels are named; the most frequent ones are.
    private static let named = 5

    /// The unknown labels with their numbers of rows, the most frequent first.
    public var unknownLabels: String {
        let sorted = Self.sorted(summary)
        var parts = sorted.prefix(Self.named).map { label, rows in
            "\(Self.name(label)): \(rows)" + (advice(label).map { ", \($0)" } ?? "")
        }
        if sorted.count > Self.named { parts.append(Quantity.text(sorted.count - Self.named, "more label")) }
        return parts.joined(separator: "; ")
    }

    /// The unknown labels that may be named, with their numbers of rows, the most frequent first.
    static func shortLabels(_ summary: RowSummary) -> [(key: String, value: Int)] {
        sorted(summary).filter { isShort($0.key) }
    }

    private static func sorted(_ summary: RowSummary) -> [(key: String, value: Int)] {
        summary.unknownLabels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    }

    /// A long one is probably a text in the wrong column, and texts stay out of logs.
    private static func isShort(_ label: String) -> Bool { label.count <= 64 }

    /// What a row with this label may have meant, or what to do about it.
    private func advice(_ label: String) -> String? {
        former.contains(label)
            ? "which the live version has: say under rename, merge or retire what became of it"
            : matcher.nearest(to: label)?.advice
    }

    /// A label in quotes, if it may be named.
    private static func name(_ label: String) -> String {
        isShort(label) ? "\"\(label)\"" : "one of \(label.count) characters"
    }
}
