import Glibc

/// Which labels are given more or less often than before.
public enum LabelShift {
    /// How often a label was given before and is given now.
    public struct Count: Sendable {
        let label: String
        let before: Int
        let now: Int

        /// - Parameters: a label, and how often it was given.
        public init(label: String, before: Int, now: Int) { (self.label, self.before, self.now) = (label, before, now) }
    }

    /// The probability that any label is named although no share has changed.
    private static let significance = 0.01
    /// A share that has changed by less does not matter, however sure the change is.
    private static let ratio = 1.5

    /// The labels whose share has changed by half or more, and not by chance: by a test of two proportions, corrected
    /// for the number of labels.
    public static func labels(_ counts: [Count]) -> [String] {
        let (before, now) = (counts.reduce(0) { $0 + $1.before }, counts.reduce(0) { $0 + $1.now })
        guard before > 0, now > 0 else { return [] }
        return counts.filter { count in
            let (first, second) = (Double(count.before) / Double(before), Double(count.now) / Double(now))
            guard max(first, second) >= ratio * min(first, second) else { return false }
            let pooled = Double(count.before + count.now) / Double(before + now)
            let variance = pooled * (1 - pooled) * (1 / Double(before) + 1 / Double(now))
            guard variance > 0 else { return false }
            return erfc(abs(first - second) / (2 * variance).squareRoot()) < significance / Double(counts.count)
        }.map(\.label)
    }
}
