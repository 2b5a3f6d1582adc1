/// Decides whether a challenger replaces the champion, by the predictions of both for the same held-out rows.
///
/// It is pure: the same evidence gives the same decision. In this order:
///
/// 1. **What cannot be judged is held**: no held-out set with `minimumHoldOut` rows, too many unusable rows, a label
///    that lost more than `labelFloor` of its rows to another spelling, a label of the champion without any held-out
///    row, a new label with fewer than `minimumPerLabel`, rows that an adapter may have been trained on.
/// 2. **What is worse is rejected**: significantly more errors or a significantly lower macro-F1 on all rows, more
///    errors on every set that counts, a label whose recall fell, a gain that cannot reach `minimumGain`, and under
///    ``GateSettings/Rule/better`` a challenger that is ahead in neither errors nor macro-F1.
/// 3. **What is in doubt is held**: a label that may have been forgotten (a fall of its recall above the floor that
///    chance explains only if one looks at many labels, or a label that the champion finds and the challenger never
///    gives), two sets that disagree, a difference that chance explains.
/// 4. **The rest passes.** Under `better`, errors (McNemar's mid-p) and macro-F1 (paired bootstrap) are both
///    significantly better on the rows of all sets that count, taken together. Under `notWorse`, the lower bounds of
///    both differences lie above −margin. Both at the level of this look, see ``GateSettings/level(look:)``. Where the
///    labels of the task have changed, `notWorse` holds in place of `better`, and a challenger that is behind in
///    nothing passes.
///
/// Two sets disagree if the rule holds for the rows of both together, but the difference of one points the other way:
/// it has more errors under `better`, or more than the margin under `notWorse`. They disagree as well if the challenger
/// is significantly worse on one of them and not on the other, unless both point that way and all rows together
/// prove it.
///
/// Without a champion that runs over this base, the opponent is a classifier that always gives the most frequent label.
public struct PromotionGate: Sendable {
    private let settings: GateSettings

    /// A gate with these settings.
    public init(_ settings: GateSettings = GateSettings()) { self.settings = settings }

    /// Decides.
    public func decision(_ evidence: GateEvidence) -> GateDecision {
        let findings = HeldOutStatistics(evidence, settings: settings).findings
        let words = GateReason(settings: settings, evidence: evidence, findings: findings)
        let obstacles = obstacles(evidence, findings, words)
        if !obstacles.isEmpty {
            var decision = decision(.held, ["challenger cannot be judged: " + obstacles.joined(separator: "; ")], words)
            decision.findings.couldJudge = false
            return decision
        }
        let defeats = defeats(findings, words)
        if !defeats.isEmpty { return decision(.rejected, defeats, words) }
        let doubts = doubts(findings, words)
        if !doubts.isEmpty { return decision(.held, doubts + [words.nextLook], words) }
        guard settings.approve == .person else { return decision(.promoted, [words.victory], words) }
        var decision = decision(.held, [words.victory, words.approval], words)
        decision.findings.awaitsApproval = true
        return decision
    }

    private func decision(_ verdict: RetrainingVerdict, _ reasons: [String], _ words: GateReason) -> GateDecision {
        let reason = (reasons + words.remarks).joined(separator: "; ")
        return GateDecision(verdict: verdict, reason: reason, findings: words.findings)
    }

    // MARK: - The rules, in order

    /// Why the rows cannot judge.
    private func obstacles(_ evidence: GateEvidence, _ findings: GateFindings, _ words: GateReason) -> [String] {
        var obstacles: [String] = []
        if findings.union.rows == 0 { obstacles.append(words.tooFewRows) }
        if Double(evidence.rows.unusable) > settings.unusableRows * Double(evidence.rows.read) {
            obstacles.append(words.unusableRows)
        }
        if !words.misspelled.isEmpty { obstacles.append(words.misspelledRows) }
        if !findings.missingRows.isEmpty { obstacles.append(words.missingRows) }
        if evidence.hasUnknownTrainingRows, settings.unknownTrainingRows == .refuse {
            obstacles.append(GateReason.unknownTrainingRows)
        }
        return obstacles
    }

    /// Why the challenger lost; empty if it did not.
    private func defeats(_ findings: GateFindings, _ words: GateReason) -> [String] {
        var defeats = findings.labels.filter { $0.state == .fell }.prefix(3).map(words.forgets)
        // Where the sets disagree, their rows together say nothing.
        guard contradiction(findings) == nil else { return defeats }
        let comparisons = [findings.union] + findings.sets.filter(\.counts)
        if let worse = comparisons.first(where: { isWorse($0, findings.rule) }) {
            defeats.append(words.worse(worse))
        } else if settings.minimumGain > 0, upperBoundOfGain(findings) < settings.minimumGain {
            defeats.append(words.tooSmall)
        } else if findings.rule == .better, !isAhead(findings.union) {
            defeats.append(words.notBetter)
        }
        return defeats
    }

    /// What keeps a challenger that did not lose from winning.
    private func doubts(_ findings: GateFindings, _ words: GateReason) -> [String] {
        var doubts = findings.labels.filter { $0.state == .doubtful }.prefix(3).map(words.mayForget)
        if findings.opponent == .mostFrequentLabel, !words.unlearned.isEmpty { doubts.append(words.neverPredicts) }
        if let set = contradiction(findings) {
            doubts.append(words.disagreement(of: set))
        } else if !passes(findings, hasChangedLabels: words.evidence.hasChangedLabels) {
            doubts.append(words.withinChance)
        } else if let set = findings.sets.first(where: { disagrees($0, findings.rule) }) {
            doubts.append(words.disagreement(of: set))
        } else if gain(findings.union) < settings.minimumGain {
            doubts.append(words.tooSmall)
        }
        return doubts
    }

    // MARK: - Comparisons

    private func passes(_ findings: GateFindings, hasChangedLabels: Bool) -> Bool {
        let union = findings.union
        switch findings.rule {
        case .better: return union.errorsP <= findings.level && (union.macroF1P ?? 1) <= findings.level
        case .notWorse:
            // A person has changed the labels and waits for them: who is behind in nothing need not prove it.
            if hasChangedLabels, union.onlyChallenger >= union.onlyChampion, gain(union) >= -Self.tie { return true }
            return union.accuracyLowerBound > -settings.margin && (union.macroF1LowerBound ?? -1) > -settings.margin
        }
    }

    /// Whether the challenger is worse, and not by chance; under `notWorse`, by more than the margin.
    private func isWorse(_ comparison: GateFindings.Comparison, _ rule: GateSettings.Rule) -> Bool {
        let level = 1 - settings.confidence
        let accuracy = comparison.accuracies.upperBound(level: level)
        switch rule {
        case .better: return comparison.errors.firstIsBetterP <= level || (comparison.macroF1P ?? 0) >= 1 - level
        case .notWorse: return accuracy < -settings.margin
        }
    }

    private func disagrees(_ set: GateFindings.Comparison, _ rule: GateSettings.Rule) -> Bool {
        set.counts && set.accuracies.difference < (rule == .better ? 0 : -settings.margin)
    }

    /// A set that counts and on which the challenger is worse, and not by chance, where another one does not say so.
    private func contradiction(_ findings: GateFindings) -> GateFindings.Comparison? {
        let counted = findings.sets.filter(\.counts)
        let worse = counted.filter { isWorse($0, findings.rule) }
        guard worse.count < counted.count else { return nil }
        let allPointThere = counted.allSatisfy { disagrees($0, findings.rule) }
        return allPointThere && isWorse(findings.union, findings.rule) ? nil : worse.first
    }

    private func isAhead(_ union: GateFindings.Comparison) -> Bool {
        union.onlyChallenger > union.onlyChampion || gain(union) > Self.tie
    }

    private func gain(_ union: GateFindings.Comparison) -> Double { union.challengerMacroF1 - union.championMacroF1 }

    /// As far above the difference as its lower bound is below.
    private func upperBoundOfGain(_ findings: GateFindings) -> Double {
        let gain = gain(findings.union)
        return 2 * gain - (findings.union.macroF1LowerBound ?? -1)
    }

    /// Metrics closer than this are equal.
    private static let tie = 1e-9
}
