import JSON
import Reports

extension PrecisionComparison {
    /// The members of a comparison of two adapters, and what only two precisions have.
    var json: JSONValue {
        guard case .object(let members) = comparison.json else { return .null }
        let interval = comparison.test.accuracyInterval
        return .object(
            [("adapter", .string(name))] + members + [
                ("accuracy_interval", .array([.number(interval.lower), .number(interval.upper)])),
                ("labels_changed", .integer(labelsChanged)), ("labels_changed_share", .number(changedShare)),
                ("worst_label", worstLabelJSON), ("largest_change", largestChangeJSON),
                ("seconds", .array([.number(seconds.first), .number(seconds.second)])),
                ("speed", speed.map(JSONValue.number) ?? .null),
            ])
    }

    private var worstLabelJSON: JSONValue {
        guard let worst = worstLabel else { return .null }
        func recall(_ found: Int) -> JSONValue { .number(Double(found) / Double(max(worst.rows, 1))) }
        return .object([
            ("label", .string(worst.label)), ("rows", .integer(worst.rows)),
            ("first_recall", recall(worst.foundByFirst)), ("second_recall", recall(worst.foundBySecond)),
            ("lost", .integer(worst.onlyFirst)), ("gained", .integer(worst.onlySecond)),
        ])
    }

    private var largestChangeJSON: JSONValue {
        guard let change = largestChange else { return .null }
        return .object([
            ("row", .integer(change.row + 1)), ("label", .string(change.label)), ("first", .number(change.first)),
            ("second", .number(change.second)),
        ])
    }

    /// All comparisons, with their means.
    static func json(_ comparisons: [PrecisionComparison]) -> JSONValue {
        let sides = comparisons.first.map { [$0.comparison.first.name, $0.comparison.second.name] } ?? []
        var members: [(String, JSONValue)] = [
            ("dtypes", .array(sides.map(JSONValue.string))), ("adapters", .array(comparisons.map(\.json))),
        ]
        if let mean = Mean(comparisons) {
            members.append(
                (
                    "mean",
                    .object([
                        ("accuracy_difference", .number(mean.accuracyDifference)),
                        ("macro_f1_difference", .number(mean.macroF1Difference)),
                        ("labels_changed_share", .number(mean.changedShare)),
                        ("speed", mean.speed.map(JSONValue.number) ?? .null),
                    ])
                ))
        }
        return .object(members)
    }

    /// Writes the tables of all comparisons to standard output, then the means if there are several.
    static func print(_ comparisons: [PrecisionComparison]) throws(StandardOutputError) {
        for comparison in comparisons {
            if comparisons.count > 1 { try StandardOutput.shared.line("adapter \(comparison.name)\n") }
            try comparison.comparison.print()
            try StandardOutput.shared.line("")
            for line in comparison.lines { try StandardOutput.shared.line(line) }
            if comparisons.count > 1 { try StandardOutput.shared.line("") }
        }
        guard comparisons.count > 1, let mean = Mean(comparisons) else { return }
        let speed = mean.speed.map { ", \(Figure.decimal($0, 2)) times the speed" } ?? ""
        try StandardOutput.shared.line(
            "mean of \(comparisons.count) adapters: labels changed \(Figure.decimal(100 * mean.changedShare, 2)) %, "
                + "accuracy \(Figure.points(mean.accuracyDifference)), "
                + "macro-F1 \(Figure.points(mean.macroF1Difference)) points\(speed)")
    }

    private var lines: [String] {
        let interval = comparison.test.accuracyInterval
        let (low, high) = (Figure.points(interval.lower), Figure.points(interval.upper))
        var lines = [
            "labels changed: \(labelsChanged) of \(comparison.rows.count) rows "
                + "(\(Figure.decimal(100 * changedShare, 2)) %)",
            "accuracy difference, 95 % confidence interval: \(low) to \(high) points",
        ]
        if let worst = worstLabel {
            lines.append(
                "worst label: \(worst.label), recall \(Self.recall(worst.foundByFirst, worst.rows)) to "
                    + "\(Self.recall(worst.foundBySecond, worst.rows)) on \(worst.rows) rows, "
                    + "\(worst.onlyFirst) lost and \(worst.onlySecond) gained")
        } else {
            lines.append("worst label: no label has a lower recall")
        }
        if let change = largestChange {
            lines.append(
                "largest change of a probability: \(Figure.share(change.first)) to \(Figure.share(change.second)) "
                    + "(row \(change.row + 1), label \(change.label))")
        }
        if let speed {
            let (first, second) = (comparison.first.name, comparison.second.name)
            lines.append("speed: \(second) \(Figure.decimal(speed, 2)) times \(first)")
        }
        return lines
    }

    private static func recall(_ found: Int, _ rows: Int) -> String {
        Figure.share(Double(found) / Double(max(rows, 1)))
    }
}
