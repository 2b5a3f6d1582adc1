import Training

/// Decides whether a challenger takes the champion's place, from their figures on the same held-out rows.
public struct PromotionGate: Sendable, Equatable {
    /// What the challenger must have more of macro-F1. At 0 a tie is not enough, unless the label set changed.
    public var minimumGain: Double
    /// Fewer held-out rows than this prove nothing.
    public var minimumHoldOut: Int

    public init(minimumGain: Double = 0, minimumHoldOut: Int = 20) {
        self.minimumGain = minimumGain
        self.minimumHoldOut = minimumHoldOut
    }

    /// What a challenger is measured against.
    public enum Opponent: Sendable {
        /// The adapter that is live.
        case champion(Evaluation, hasSameLabels: Bool)
        /// No adapter can be measured: the answer that is right most often, always given.
        case mostFrequentLabel(Evaluation)
    }

    public struct Decision: Sendable, Equatable {
        public var promotes: Bool
        /// In words, for a person.
        public var reason: String
    }

    /// - Parameter rows: number of held-out rows that both figures come from.
    public func decision(challenger: Evaluation, against opponent: Opponent, rows: Int) -> Decision {
        guard rows >= minimumHoldOut else {
            return Decision(promotes: false, reason: "\(rows) held-out rows are too few to judge, \(minimumHoldOut) are wanted")
        }
        switch opponent {
        case .champion(let champion, let hasSameLabels):
            let gain = challenger.macroF1 - champion.macroF1
            let mustGain = minimumGain == 0 && hasSameLabels
            let promotes = mustGain ? gain > Self.tie : gain >= minimumGain - Self.tie
            let comparison = "macro-F1 \(text(challenger.macroF1)) against the champion's \(text(champion.macroF1))"
            let wanted = promotes || minimumGain == 0 ? "" : "; a gain of \(text(minimumGain)) is wanted"
            let verb = promotes ? "takes over" : abs(gain) <= Self.tie ? "only ties" : "is not good enough"
            return Decision(promotes: promotes, reason: "challenger \(verb): \(comparison) on \(rows) held-out rows\(wanted)")
        case .mostFrequentLabel(let baseline):
            let promotes = challenger.macroF1 > baseline.macroF1 + Self.tie
            let comparison =
                "macro-F1 \(text(challenger.macroF1)) against \(text(baseline.macroF1)) for always the most frequent label"
            let verb = promotes ? "is the first adapter" : "learned nothing"
            return Decision(promotes: promotes, reason: "challenger \(verb): \(comparison), on \(rows) held-out rows")
        }
    }

    /// Figures closer than this are the same.
    private static let tie = 1e-9

    private func text(_ figure: Double) -> String {
        let thousandths = Int((abs(figure) * 10_000).rounded())
        let fraction = String(thousandths % 10_000)
        let zeros = String(repeating: "0", count: 4 - fraction.count)
        return "\(figure < 0 ? "-" : "")\(thousandths / 10_000).\(zeros)\(fraction)"
    }
}
