import Training

/// Decides whether a challenger replaces the champion, by their metrics on the same held-out rows.
///
/// What the rows do not show cannot be judged. A challenger is rejected if a label of the champion has no held-out row,
/// or if too many rows are unusable, whatever the metrics say.
public struct PromotionGate: Sendable, Equatable {
    /// The macro-F1 that the challenger must gain. At 0 a tie is not enough, unless the set of labels has changed.
    public var minimumGain: Double
    /// With fewer held-out rows, nothing is trained and the verdict is `skipped`.
    public var minimumHoldOut: Int
    /// The largest share of the rows that may be unusable.
    public var unusableShare: Double

    /// A gate; the defaults are those of a pipeline file.
    public init(minimumGain: Double = 0, minimumHoldOut: Int = 20, unusableShare: Double = 0.02) {
        self.minimumGain = minimumGain
        self.minimumHoldOut = minimumHoldOut
        self.unusableShare = unusableShare
    }

    /// What a challenger is compared with.
    public enum Opponent: Sendable {
        /// The live adapter.
        case champion(Evaluation, hasSameLabels: Bool)
        /// No adapter can be evaluated, so the baseline predicts the most frequent label for every text. `isFirst` says
        /// that nothing is live; otherwise the live adapter is over another base.
        case mostFrequentLabel(Evaluation, isFirst: Bool)
    }

    /// Whether the challenger is promoted, and why.
    public struct Decision: Sendable, Equatable {
        /// Whether it is promoted.
        public var promotes: Bool
        /// A sentence for a person.
        public var reason: String
    }

    /// Decides.
    ///
    /// - Parameters:
    ///   - challenger: its evaluation on the held-out rows.
    ///   - opponent: what it is compared with, on the same rows.
    ///   - rows: what became of all rows.
    ///   - labels: labels of the champion that the task still has; empty without a champion.
    public func decision(
        challenger: Evaluation, against opponent: Opponent, rows: RowSummary, labels: [String]
    ) -> Decision {
        if let reason = obstacle(challenger, rows: rows, labels: labels) {
            return Decision(promotes: false, reason: reason)
        }
        return comparison(challenger: challenger, against: opponent, rows: rows.heldOut)
    }

    /// Why the metrics cannot be trusted; `nil` if they can.
    private func obstacle(_ challenger: Evaluation, rows: RowSummary, labels: [String]) -> String? {
        let shown = Set(challenger.perLabel.filter { $0.support > 0 }.map(\.label))
        let unseen = labels.filter { !shown.contains($0) }
        if !unseen.isEmpty {
            let names = Self.list(unseen)
            let count = "\(unseen.count) of the champion's \(labels.count) labels \(unseen.count == 1 ? "has" : "have")"
            return "challenger cannot be judged: \(count) no held-out row (\(names))"
        }
        guard Double(rows.unusable) > unusableShare * Double(rows.read) else { return nil }
        func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
        let share = Double(rows.unusable) / Double(rows.read)
        return "challenger cannot be judged: \(percent(share)) of the rows are unusable, "
            + "at most \(percent(unusableShare)) may be"
    }

    private func comparison(challenger: Evaluation, against opponent: Opponent, rows: Int) -> Decision {
        switch opponent {
        case .champion(let champion, let hasSameLabels):
            let gain = challenger.macroF1 - champion.macroF1
            let mustGain = minimumGain == 0 && hasSameLabels
            let promotes = mustGain ? gain > Self.tie : gain >= minimumGain - Self.tie
            let comparison = "macro-F1 \(text(challenger.macroF1)) against the champion's \(text(champion.macroF1))"
            let required = promotes || minimumGain == 0 ? "" : "; a gain of \(text(minimumGain)) is required"
            let verb = promotes ? "takes over" : abs(gain) <= Self.tie ? "only ties" : "is not good enough"
            return Decision(
                promotes: promotes, reason: "challenger \(verb): \(comparison) on \(rows) held-out rows\(required)")
        case .mostFrequentLabel(let baseline, let isFirst):
            let promotes = challenger.macroF1 > baseline.macroF1 + Self.tie
            let comparison =
                "macro-F1 \(text(challenger.macroF1)) against \(text(baseline.macroF1)) of always predicting the most "
                + "frequent label"
            let first =
                isFirst
                ? "is the first adapter" : "is the first adapter of this base; the live version belongs to another base"
            let verb = promotes ? first : "learned nothing"
            let unseen = baseline.perLabel.filter { $0.support == 0 }.map(\.label)
            let rest = unseen.isEmpty ? "" : "; no held-out row has the label \(Self.list(unseen))"
            return Decision(
                promotes: promotes, reason: "challenger \(verb): \(comparison), on \(rows) held-out rows\(rest)")
        }
    }

    /// The first ten labels, in quotes.
    private static func list(_ labels: [String]) -> String {
        labels.prefix(10).map { "\"\($0)\"" }.joined(separator: ", ") + (labels.count > 10 ? ", …" : "")
    }

    /// Metrics closer than this are equal.
    private static let tie = 1e-9

    private func text(_ figure: Double) -> String {
        let thousandths = Int((abs(figure) * 10_000).rounded())
        let fraction = String(thousandths % 10_000)
        let zeros = String(repeating: "0", count: 4 - fraction.count)
        return "\(figure < 0 ? "-" : "")\(thousandths / 10_000).\(zeros)\(fraction)"
    }
}
