import Training

/// Decides whether a challenger takes the champion's place, from their figures on the same held-out rows.
///
/// What the rows do not show cannot be judged: a challenger is rejected while a label of the champion has no held-out row, or
/// while too many rows were unusable, whatever the figures say of the rest.
public struct PromotionGate: Sendable, Equatable {
    /// What the challenger must have more of macro-F1. At 0 a tie is not enough, unless the label set changed.
    public var minimumGain: Double
    /// Fewer held-out rows than this prove nothing: then nothing is trained, and the verdict is `skipped`.
    public var minimumHoldOut: Int
    /// The share of the rows read that may be unusable.
    public var unusableShare: Double

    public init(minimumGain: Double = 0, minimumHoldOut: Int = 20, unusableShare: Double = 0.02) {
        self.minimumGain = minimumGain
        self.minimumHoldOut = minimumHoldOut
        self.unusableShare = unusableShare
    }

    /// What a challenger is measured against.
    public enum Opponent: Sendable {
        /// The adapter that is live.
        case champion(Evaluation, hasSameLabels: Bool)
        /// No adapter can be measured: the answer that is right most often, always given.
        ///
        /// - isFirst: whether nothing is live; otherwise what is live is over another base.
        case mostFrequentLabel(Evaluation, isFirst: Bool)
    }

    public struct Decision: Sendable, Equatable {
        public var promotes: Bool
        /// In words, for a person.
        public var reason: String
    }

    /// - Parameters:
    ///   - rows: what became of the rows that both figures come from.
    ///   - labels: those that the champion gives and the task still has; empty without a champion.
    public func decision(
        challenger: Evaluation, against opponent: Opponent, rows: RowSummary, labels: [String]
    ) -> Decision {
        if let reason = obstacle(challenger, rows: rows, labels: labels) {
            return Decision(promotes: false, reason: reason)
        }
        return comparison(challenger: challenger, against: opponent, rows: rows.heldOut)
    }

    /// Why the figures cannot be trusted; `nil` if they can.
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
        return
            "challenger cannot be judged: \(percent(share)) of the rows are unusable, \(percent(unusableShare)) may be"
    }

    private func comparison(challenger: Evaluation, against opponent: Opponent, rows: Int) -> Decision {
        switch opponent {
        case .champion(let champion, let hasSameLabels):
            let gain = challenger.macroF1 - champion.macroF1
            let mustGain = minimumGain == 0 && hasSameLabels
            let promotes = mustGain ? gain > Self.tie : gain >= minimumGain - Self.tie
            let comparison = "macro-F1 \(text(challenger.macroF1)) against the champion's \(text(champion.macroF1))"
            let wanted = promotes || minimumGain == 0 ? "" : "; a gain of \(text(minimumGain)) is wanted"
            let verb = promotes ? "takes over" : abs(gain) <= Self.tie ? "only ties" : "is not good enough"
            return Decision(
                promotes: promotes, reason: "challenger \(verb): \(comparison) on \(rows) held-out rows\(wanted)")
        case .mostFrequentLabel(let baseline, let isFirst):
            let promotes = challenger.macroF1 > baseline.macroF1 + Self.tie
            let comparison =
                "macro-F1 \(text(challenger.macroF1)) against \(text(baseline.macroF1)) for always the most frequent label"
            let first =
                isFirst
                ? "is the first adapter" : "is the first adapter over this base, the live version is over another"
            let verb = promotes ? first : "learned nothing"
            let unseen = baseline.perLabel.filter { $0.support == 0 }.map(\.label)
            let rest = unseen.isEmpty ? "" : "; no held-out row shows \(Self.list(unseen))"
            return Decision(
                promotes: promotes, reason: "challenger \(verb): \(comparison), on \(rows) held-out rows\(rest)")
        }
    }

    /// The first ten labels, in quotes.
    private static func list(_ labels: [String]) -> String {
        labels.prefix(10).map { "\"\($0)\"" }.joined(separator: ", ") + (labels.count > 10 ? ", …" : "")
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
