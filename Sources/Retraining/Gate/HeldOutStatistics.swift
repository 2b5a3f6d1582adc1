import Training

/// Computes the figures of a decision.
struct HeldOutStatistics {
    private let settings: GateSettings
    private let evidence: GateEvidence
    private let level: Double
    private let opponent: GateFindings.Opponent
    private let union: PairedCells

    init(_ evidence: GateEvidence, settings: GateSettings) {
        (self.evidence, self.settings) = (evidence, settings)
        level = settings.level(look: evidence.look)
        let isComparable = evidence.sets.allSatisfy { $0.champion != nil } && !evidence.sets.isEmpty
        opponent = isComparable ? .champion : .mostFrequentLabel
        let counted = evidence.sets.filter { $0.rows >= settings.minimumHoldOut }
        let baseline = [evidence.mostFrequentLabel]
        union = PairedCells(
            truth: counted.flatMap { $0.truth.prefix($0.rows) },
            first: counted.flatMap { set in (isComparable ? set.champion : nil)?.prefix(set.rows) ?? [] }
                .filled(with: baseline, to: counted.reduce(0) { $0 + $1.rows }),
            second: counted.flatMap { $0.challenger.prefix($0.rows) })
    }

    /// All figures.
    var findings: GateFindings {
        let agreement = union.labelAgreement
        let shown = Dictionary(uniqueKeysWithValues: agreement.map { ($0.label, $0.rows) })
        return GateFindings(
            opponent: opponent, rule: rule, look: evidence.look, level: level, union: unionComparison,
            sets: evidence.sets.map(comparison),
            labels: opponent == .champion ? recalls(agreement) : [], missingRows: missingRows(shown),
            neverFound: agreement.filter { $0.rows >= settings.minimumPerLabel && $0.foundBySecond == 0 }.map(\.label))
    }

    /// Where the labels of the task have changed, it is enough to be not worse: the task waits for an adapter that has
    /// them. To be not worse than the most frequent label is no achievement, so there it must always be better.
    private var rule: GateSettings.Rule {
        guard opponent == .champion else { return .better }
        return evidence.hasChangedLabels ? .notWorse : settings.rule
    }

    // MARK: - Sets

    private var unionComparison: GateFindings.Comparison {
        var comparison = Self.comparison(union, level: level)
        comparison.counts = union.rows > 0
        let macroF1 = PairedMacroF1(union)
        comparison.macroF1P = macroF1.secondIsBetterP
        comparison.macroF1LowerBound = macroF1.lowerBound(level: level)
        return comparison
    }

    private func comparison(_ set: HeldOutSet) -> GateFindings.Comparison {
        let first = (opponent == .champion ? set.champion : nil) ?? []
        let cells = PairedCells(
            truth: set.truth, first: first.filled(with: [evidence.mostFrequentLabel], to: set.rows),
            second: set.challenger)
        var comparison = Self.comparison(cells, level: level)
        comparison.set = set.kind
        comparison.counts = set.rows >= settings.minimumHoldOut
        return comparison
    }

    private static func comparison(_ cells: PairedCells, level: Double) -> GateFindings.Comparison {
        let (agreement, macroF1) = (cells.agreement, cells.macroF1)
        func share(_ part: Int) -> Double { cells.rows == 0 ? 0 : Double(part) / Double(cells.rows) }
        return GateFindings.Comparison(
            set: nil, rows: cells.rows, counts: false,
            championAccuracy: share(agreement.both + agreement.onlyFirst),
            challengerAccuracy: share(agreement.both + agreement.onlySecond),
            championMacroF1: macroF1.first, challengerMacroF1: macroF1.second,
            onlyChampion: agreement.onlyFirst, onlyChallenger: agreement.onlySecond,
            errorsP: cells.agreement.errors.secondIsBetterP, macroF1P: nil,
            accuracyLowerBound: cells.accuracies.lowerBound(level: level), macroF1LowerBound: nil)
    }

    // MARK: - Labels

    /// Labels without which the challenger cannot be judged: of the champion, those without any held-out row; of a task
    /// whose labels have changed, new ones with too few.
    private func missingRows(_ shown: [String: Int]) -> [String: Int] {
        guard !evidence.isFirst, union.rows > 0 else { return [:] }
        let given = Set(evidence.championLabels)
        var missing: [String: Int] = [:]
        for label in Set(evidence.taskLabels) {
            let rows = shown[label, default: 0]
            guard rows < (given.contains(label) ? 1 : settings.minimumPerLabel) else { continue }
            missing[label] = max(1, settings.minimumPerLabel - rows)
        }
        return missing
    }

    /// The labels that the champion has, those with few rows as one. A rare label that seems forgotten stands alone.
    private func recalls(_ agreement: [PairedCells.LabelAgreement]) -> [GateFindings.LabelRecall] {
        let given = Set(evidence.championLabels)
        var (recalls, rare) = ([GateFindings.LabelRecall](), [PairedCells.LabelAgreement]())
        for label in agreement where given.contains(label.label) {
            if label.rows >= settings.minimumPerLabel || Self.seemsForgotten(label) {
                recalls.append(.init([label]))
            } else {
                rare.append(label)
            }
        }
        if !rare.isEmpty { recalls.append(.init(rare)) }
        let judged = recalls.count
        for place in recalls.indices { recalls[place].state = state(of: recalls[place], among: judged) }
        let forgotten = Set(agreement.filter(Self.seemsForgotten).map(\.label))
        for place in recalls.indices where recalls[place].state == .kept {
            guard recalls[place].labels.count == 1, forgotten.isSuperset(of: recalls[place].labels) else { continue }
            recalls[place].state = .doubtful
        }
        return recalls.sorted { ($0.fallP, $0.labels.first ?? "") < ($1.fallP, $1.labels.first ?? "") }
    }

    /// Whether the champion finds a label and the challenger never gives it, not even wrongly.
    private static func seemsForgotten(_ label: PairedCells.LabelAgreement) -> Bool {
        label.givenBySecond == 0 && label.onlyFirst > 0
    }

    /// A fall counts if it is above the floor and a paired test says that it is no accident: at twice the level of the
    /// gate for a doubt, which new rows can settle, and at its level divided by the number of labels for a finding,
    /// because of many labels one is always unlucky.
    private func state(of recall: GateFindings.LabelRecall, among labels: Int) -> GateFindings.LabelRecall.State {
        let level = 1 - settings.confidence
        guard recall.championRecall - recall.challengerRecall > settings.labelFloor else { return .kept }
        if recall.fallP * Double(labels) <= level { return .fell }
        return recall.fallP <= 2 * level ? .doubtful : .kept
    }
}

extension HeldOutSet {
    /// Rows that all lists have.
    var rows: Int { min(truth.count, challenger.count, champion?.count ?? .max) }
}

extension [[String]] {
    /// These rows, or as many others where there are none.
    fileprivate func filled(with row: [String], to count: Int) -> [[String]] {
        isEmpty ? [[String]](repeating: row, count: count) : self
    }
}

extension GateSettings {
    /// The one-sided level of a look. What all looks may spend together is 1 − confidence: the shares 1/2, 1/6, 1/12, …
    /// add up to one. See docs/decisions/0008-promotion-gate.md.
    func level(look: Int) -> Double {
        let look = Double(max(1, look))
        return (1 - confidence) / (look * (look + 1))
    }
}
