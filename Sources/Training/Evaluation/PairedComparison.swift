import Glibc
import Kernels

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

    /// p-value of McNemar's exact test, two-sided: a sign test on the texts that only one predicted correctly (McNemar
    /// 1947).
    public var exactP: Double { Self.mcNemar(agreement.onlyFirst, agreement.onlySecond).exact }
    /// The mid-p variant, which is less conservative (Fagerland et al. 2013).
    public var midP: Double { Self.mcNemar(agreement.onlyFirst, agreement.onlySecond).mid }

    /// Compares both, and resamples the rows.
    ///
    /// - Parameters:
    ///   - truth: the labels of each row: one, or a set.
    ///   - first: the first adapter's labels of each row.
    ///   - second: the second adapter's labels of each row.
    ///   - resamples: number of bootstrap samples.
    ///   - seed: seed of the samples. The same seed gives the same interval.
    public init(truth: [[String]], first: [[String]], second: [[String]], resamples: Int = 2_000, seed: UInt64 = 0) {
        let rows = Rows(truth: truth, first: first, second: second)
        agreement = rows.agreement
        let everyRow = Array(0..<rows.count)
        macroF1Difference = rows.macroF1Difference(everyRow)
        self.resamples = rows.count == 0 ? 0 : max(resamples, 1)
        guard rows.count > 0 else {
            (macroF1Interval, secondIsBetter) = (Interval(lower: 0, upper: 0), 0.5)
            return
        }
        var random = SplitMix64(seed: seed)
        var sample = everyRow
        let differences = (0..<self.resamples).map { _ in
            for place in sample.indices { sample[place] = random.below(rows.count) }
            return rows.macroF1Difference(sample)
        }
        let sorted = differences.sorted()
        func quantile(_ share: Double) -> Double { sorted[Int((share * Double(sorted.count - 1)).rounded())] }
        macroF1Interval = Interval(lower: quantile(0.025), upper: quantile(0.975))
        let (better, equal) = (differences.count { $0 > 0 }, differences.count { $0 == 0 })
        secondIsBetter = (Double(better) + 0.5 * Double(equal)) / Double(differences.count)
    }

    /// Two-sided probabilities of a split at least as uneven, if each side were as likely.
    static func mcNemar(_ first: Int, _ second: Int) -> (exact: Double, mid: Double) {
        let (count, fewer) = (first + second, min(first, second))
        guard count > 0 else { return (1, 1) }
        func probability(_ successes: Int) -> Double {
            let (n, k) = (Double(count), Double(successes))
            let ways: Double = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
            return exp(ways - n * log(2))
        }
        // With equal counts the observation is the middle of the distribution, so it counts once, not on both sides.
        guard first != second else { return (1, 1 - probability(fewer) / 2) }
        var tail = 0.0
        for successes in 0...fewer { tail += probability(successes) }
        return (min(1, 2 * tail), min(1, 2 * tail - probability(fewer)))
    }
}

extension PairedComparison {
    /// The rows with labels as numbers, so that a sample is cheap.
    private struct Rows {
        private var truth: [[Int]] = []
        private var first: [[Int]] = []
        private var second: [[Int]] = []
        private var labels = 0
        var count: Int { truth.count }

        init(truth: [[String]], first: [[String]], second: [[String]]) {
            var places: [String: Int] = [:]
            func number(_ labels: [String]) -> [Int] {
                Set(labels).sorted().map { label in
                    if let place = places[label] { return place }
                    places[label] = places.count
                    return places.count - 1
                }
            }
            for row in 0..<min(truth.count, first.count, second.count) {
                self.truth.append(number(truth[row]))
                self.first.append(number(first[row]))
                self.second.append(number(second[row]))
            }
            labels = places.count
        }

        var agreement: Agreement {
            var agreement = Agreement()
            for row in 0..<count {
                let truth = Set(truth[row])
                switch (Set(first[row]) == truth, Set(second[row]) == truth) {
                case (true, true): agreement.both += 1
                case (true, false): agreement.onlyFirst += 1
                case (false, true): agreement.onlySecond += 1
                case (false, false): agreement.neither += 1
                }
            }
            return agreement
        }

        func macroF1Difference(_ rows: [Int]) -> Double { macroF1(second, rows) - macroF1(first, rows) }

        /// Over the labels that occur in truth or prediction of these rows.
        private func macroF1(_ predicted: [[Int]], _ rows: [Int]) -> Double {
            var (right, all) = ([Int](repeating: 0, count: labels), [Int](repeating: 0, count: labels))
            for row in rows {
                for label in truth[row] { all[label] += 1 }
                for label in predicted[row] {
                    all[label] += 1
                    if truth[row].contains(label) { right[label] += 1 }
                }
            }
            var (sum, occurring) = (0.0, 0)
            for label in 0..<labels where all[label] > 0 {
                sum += 2 * Double(right[label]) / Double(all[label])
                occurring += 1
            }
            return occurring == 0 ? 0 : sum / Double(occurring)
        }
    }
}
