/// The predictions of two adapters for the same texts: how they differ, and whether chance would explain it.
public struct PairedComparison: Sendable, Equatable {
    /// How many texts the adapters predicted correctly.
    public struct Agreement: Sendable, Equatable {
        /// Both were correct.
        public var both = 0
        /// Only the first was correct.
        public var onlyFirst = 0
        /// Only the second was correct.
        public var onlySecond = 0
        /// Neither was correct.
        public var neither = 0

        /// McNemar's test on the texts that only one predicted correctly.
        public var errors: McNemarTest { McNemarTest(onlyFirst: onlyFirst, onlySecond: onlySecond) }
    }

    /// A confidence interval.
    public struct Interval: Sendable, Equatable {
        /// Its lower bound.
        public var lower: Double
        /// Its upper bound.
        public var upper: Double
    }

    /// Texts by who predicted them correctly.
    public let agreement: Agreement
    /// Macro-F1 of the second minus that of the first.
    public let macroF1Difference: Double
    /// 95 % interval of that difference: percentile bootstrap, with both adapters on the same resampled rows.
    public let macroF1Interval: Interval
    /// Share of samples in which the second is better; ties count half.
    public let secondIsBetter: Double
    /// Number of samples.
    public let resamples: Int

    /// Accuracy of the second minus that of the first.
    public var accuracyDifference: Double {
        let rows = agreement.both + agreement.onlyFirst + agreement.onlySecond + agreement.neither
        return rows == 0 ? 0 : Double(agreement.onlySecond - agreement.onlyFirst) / Double(rows)
    }

    /// 95 % interval of that difference (Tango's score interval).
    public var accuracyInterval: Interval {
        let rows = agreement.both + agreement.onlyFirst + agreement.onlySecond + agreement.neither
        let accuracies = PairedProportions(
            rows: rows, onlyFirst: agreement.onlyFirst, onlySecond: agreement.onlySecond)
        return Interval(lower: accuracies.lowerBound(level: 0.025), upper: accuracies.upperBound(level: 0.025))
    }

    /// p-value of McNemar's exact test, two-sided: a sign test on the texts that only one predicted correctly (McNemar
    /// 1947).
    public var exactP: Double { agreement.errors.exact }
    /// The mid-p variant, which is less conservative (Fagerland et al. 2013).
    public var midP: Double { agreement.errors.mid }

    /// Compares both, and resamples the rows.
    ///
    /// - Parameters:
    ///   - truth: the labels of each row: one, or a set.
    ///   - first: the first adapter's labels of each row.
    ///   - second: the second adapter's labels of each row.
    ///   - resamples: number of bootstrap samples.
    ///   - seed: seed of the samples. The same seed gives the same interval.
    public init(truth: [[String]], first: [[String]], second: [[String]], resamples: Int = 2_000, seed: UInt64 = 0) {
        let cells = PairedCells(truth: truth, first: first, second: second)
        agreement = cells.agreement
        let macroF1 = cells.macroF1
        macroF1Difference = macroF1.second - macroF1.first
        self.resamples = cells.rows == 0 ? 0 : max(resamples, 1)
        guard cells.rows > 0 else {
            (macroF1Interval, secondIsBetter) = (Interval(lower: 0, upper: 0), 0.5)
            return
        }
        let differences = cells.macroF1Differences(resamples: self.resamples, seed: seed)
        let sorted = differences.sorted()
        func quantile(_ share: Double) -> Double { sorted[Int((share * Double(sorted.count - 1)).rounded())] }
        macroF1Interval = Interval(lower: quantile(0.025), upper: quantile(0.975))
        let (better, equal) = (differences.count { $0 > 0 }, differences.count { $0 == 0 })
        secondIsBetter = (Double(better) + 0.5 * Double(equal)) / Double(differences.count)
    }
}
