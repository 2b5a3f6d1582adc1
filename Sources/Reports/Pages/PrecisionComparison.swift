import BERT
import Training

/// One adapter over the same base in two precisions, on the same rows.
public struct PrecisionComparison {
    /// Of the adapter.
    public let name: String
    /// Both sides, named after their types.
    public let comparison: AdapterComparison
    /// Seconds that the predictions took: of both sides, in turn.
    public let seconds: (first: Double, second: Double)

    /// A comparison whose sides took this time.
    public init(name: String, comparison: AdapterComparison, seconds: (first: Double, second: Double)) {
        (self.name, self.comparison, self.seconds) = (name, comparison, seconds)
    }

    /// The probability that changes most.
    public struct ProbabilityChange: Equatable {
        /// The row, from 0.
        public let row: Int
        /// The label that it is the probability of.
        public let label: String
        /// The probability in the first precision.
        public let first: Double
        /// The probability in the second precision.
        public let second: Double
    }

    /// Rows whose label, or set of labels, changes.
    public var labelsChanged: Int { comparison.changedRows.count }

    /// Their share; 0 without rows.
    public var changedShare: Double {
        comparison.rows.isEmpty ? 0 : Double(labelsChanged) / Double(comparison.rows.count)
    }

    /// The label whose recall falls most, with who finds it; nil where none falls.
    public var worstLabel: PairedCells.LabelAgreement? {
        let cells = PairedCells(
            truth: comparison.rows.map(\.labels), first: comparison.first.predictions.map(\.labels),
            second: comparison.second.predictions.map(\.labels))
        func fall(_ label: PairedCells.LabelAgreement) -> Double {
            Double(label.foundByFirst - label.foundBySecond) / Double(max(label.rows, 1))
        }
        return cells.labelAgreement.filter { fall($0) > 0 }.max { fall($0) < fall($1) }
    }

    /// The probability that changes most; nil without rows.
    public var largestChange: ProbabilityChange? {
        let labels = comparison.first.adapter.labels
        var largest: ProbabilityChange?
        for row in comparison.rows.indices {
            let scores = zip(comparison.first.predictions[row].scores, comparison.second.predictions[row].scores)
            for (label, (first, second)) in zip(labels, scores)
            where largest.map({ abs(second - first) > abs($0.second - $0.first) }) ?? true {
                largest = ProbabilityChange(row: row, label: label, first: first, second: second)
            }
        }
        return largest
    }

    /// How many times as many texts per second the second side has predicted; nil if that was not measured.
    public var speed: Double? {
        seconds.first > 0 && seconds.second > 0 ? seconds.first / seconds.second : nil
    }
}

extension PrecisionComparison {
    /// The means of several comparisons.
    public struct Mean: Equatable {
        /// Accuracy, second minus first.
        public let accuracyDifference: Double
        /// Macro-F1, second minus first.
        public let macroF1Difference: Double
        /// The share of rows whose label changes.
        public let changedShare: Double
        /// Texts per second, second over first; nil if one was not measured.
        public let speed: Double?

        /// The means of these, each comparison counting the same; nil if there are none.
        public init?(_ comparisons: [PrecisionComparison]) {
            guard !comparisons.isEmpty else { return nil }
            func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
            accuracyDifference = mean(comparisons.map(\.comparison.test.accuracyDifference))
            macroF1Difference = mean(comparisons.map(\.comparison.test.macroF1Difference))
            changedShare = mean(comparisons.map(\.changedShare))
            let speeds = comparisons.compactMap(\.speed)
            speed = speeds.count == comparisons.count ? mean(speeds) : nil
        }
    }
}
