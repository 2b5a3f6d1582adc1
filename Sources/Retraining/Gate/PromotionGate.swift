import Training

/// Decides whether a challenger replaces the champion, by their metrics on the same held-out rows.
///
/// What the rows do not show cannot be judged. A challenger is rejected if a label of the champion has no held-out row,
/// or if too many rows are unusable, whatever the metrics say.
public struct PromotionGate: Sendable, Equatable {
    private let settings: GateSettings

    /// A gate with these settings.
    public init(_ settings: GateSettings = GateSettings()) { self.settings = settings }

    /// Decides.
    public func decision(_ evidence: GateEvidence) -> GateDecision {
        let truth = evidence.sets.flatMap(\.truth)
        let challenger = Evaluation(
            truth: truth, predicted: evidence.sets.flatMap(\.challenger), labels: evidence.taskLabels)
        let opponent: Opponent
        if evidence.sets.contains(where: { $0.champion == nil }) {
            let baseline = Evaluation(
                truth: truth, predicted: truth.map { _ in [evidence.mostFrequentLabel] }, labels: evidence.taskLabels)
            opponent = .mostFrequentLabel(baseline, isFirst: evidence.isFirst)
        } else {
            let champion = Evaluation(
                truth: truth, predicted: evidence.sets.flatMap { $0.champion ?? [] }, labels: evidence.taskLabels)
            opponent = .champion(
                champion, hasSameLabels: Set(evidence.championLabels) == Set(evidence.taskLabels))
        }
        let decision = decision(
            challenger: challenger, against: opponent, rows: evidence.rows,
            labels: evidence.championLabels.filter(Set(evidence.taskLabels).contains))
        let findings = GateFindings(
            rule: settings.rule, look: evidence.look, level: 1 - settings.confidence, union: .init(), sets: [],
            labels: [], unseenLabels: [], awaitsApproval: false, warnings: evidence.warnings)
        return GateDecision(
            verdict: decision.promotes ? .promoted : .rejected, reason: decision.reason, findings: findings)
    }

    /// What a challenger is compared with.
    enum Opponent {
        /// The live adapter.
        case champion(Evaluation, hasSameLabels: Bool)
        /// No adapter can be evaluated, so the baseline predicts the most frequent label for every text. `isFirst` says
        /// that nothing is live; otherwise the live adapter is over another base.
        case mostFrequentLabel(Evaluation, isFirst: Bool)
    }

    /// Whether the challenger is promoted, and why.
    struct Decision {
        /// Whether it is promoted.
        var promotes: Bool
        /// A sentence for a person.
        var reason: String
    }

    /// Decides.
    ///
    /// - Parameters:
    ///   - challenger: its evaluation on the held-out rows.
    ///   - opponent: what it is compared with, on the same rows.
    ///   - rows: what became of all rows.
    ///   - labels: labels of the champion that the task still has; empty without a champion.
    func decision(
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
        guard Double(rows.unusable) > settings.unusableRows * Double(rows.read) else { return nil }
        func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
        let share = Double(rows.unusable) / Double(rows.read)
        return "challenger cannot be judged: \(percent(share)) of the rows are unusable, "
            + "at most \(percent(settings.unusableRows)) may be"
    }

    private func comparison(challenger: Evaluation, against opponent: Opponent, rows: Int) -> Decision {
        switch opponent {
        case .champion(let champion, let hasSameLabels):
            let gain = challenger.macroF1 - champion.macroF1
            let mustGain = settings.minimumGain == 0 && hasSameLabels
            let promotes = mustGain ? gain > Self.tie : gain >= settings.minimumGain - Self.tie
            let comparison = "macro-F1 \(text(challenger.macroF1)) against the champion's \(text(champion.macroF1))"
            let required =
                promotes || settings.minimumGain == 0 ? "" : "; a gain of \(text(settings.minimumGain)) is required"
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
