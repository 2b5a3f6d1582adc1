import Kernels
import Retraining

/// Simulated retrainings with a known truth: how often the promotion gate is right.
///
/// Champion and challenger are two classifiers with given accuracies that share a part of their errors. Each retraining
/// draws held-out rows, and asks the gate. Where it holds the challenger, new rows are added, and it is asked again.
public struct GateSimulation: Sendable {
    /// What became of a label before the retraining.
    public enum LabelFault: Sendable, Equatable {
        /// Nothing.
        case none
        /// The challenger never gives it, and the held-out rows show it.
        case forgotten
        /// This share of its rows has another spelling. They are unusable, and the challenger loses as much recall.
        case misspelled(Double)
        /// No row has it, and the challenger never gives it.
        case absent
    }

    /// Number of labels.
    public var labels = 5
    /// The share of the label at rank r is proportional to r to the power of minus this; 0: all are as frequent.
    public var imbalance = 0.5
    /// Share of rows that the champion predicts correctly.
    public var accuracy = 0.85
    /// What the challenger's accuracy is above that, over all labels.
    public var gain = 0.0
    /// How strongly errors go together, from 0 (independent) to 1 (the better one errs only where the other does).
    public var sharedErrors = 0.6
    /// Share of the rows whose label is wrong.
    public var mislabelled = 0.0
    /// Held-out rows at the first look.
    public var rows = 600
    /// Share of the held-out rows that are chosen as the newest.
    public var newest = 0.0
    /// How often the challenger is judged at most. Each look has a fifth of the first rows more.
    public var looks = 5
    /// What happened to the label in the middle of the ranks.
    public var fault = LabelFault.none
    /// What the gate asks for.
    public var gate = GateSettings()

    /// Five labels, nothing better.
    public init() {}

    /// How simulated retrainings ended.
    public struct Tally: Sendable, Equatable {
        /// Number of retrainings.
        public var retrainings = 0
        /// Challengers that were promoted, at any look.
        public var promoted = 0
        /// Those of them that were promoted at the first look.
        public var promotedAtOnce = 0
        /// Promoted challengers whose accuracy on ``GateSimulation/testRows`` new rows is not better.
        public var notBetter = 0
        /// Promoted challengers that lost more than the label floor of a label's recall on these rows.
        public var harmful = 0
        /// Challengers that were rejected.
        public var rejected = 0
        /// Challengers that were still held after the last look.
        public var held = 0

        /// No retrainings.
        public init() {}
    }

    /// Rows of the test set that says whether a promotion was right.
    public static let testRows = 50_000

    /// Simulates retrainings. The same seed gives the same tally.
    public func run(retrainings: Int, seed: UInt64) -> Tally {
        let names = (0..<labels).map { "label \($0)" }
        let gate = PromotionGate(gate)
        var tally = Tally()
        for retraining in 0..<retrainings {
            var pair = ClassifierPair(self, random: SplitMix64(seed: seed, stream: UInt64(retraining)))
            let (verdict, look) = judge(&pair, gate, names)
            tally.retrainings += 1
            switch verdict {
            case .promoted: count(&pair, look, in: &tally)
            case .rejected: tally.rejected += 1
            default: tally.held += 1
            }
        }
        return tally
    }

    /// Judges a challenger until it is promoted or rejected, or the looks are used up.
    private func judge(
        _ pair: inout ClassifierPair, _ gate: PromotionGate, _ names: [String]
    ) -> (verdict: RetrainingVerdict, look: Int) {
        let singles = names.map { [$0] }
        var sets = [HeldOutSet(kind: .hash, truth: [], champion: [], challenger: [])]
        if newest > 0 { sets.append(HeldOutSet(kind: .newest, truth: [], champion: [], challenger: [])) }
        var evidence = GateEvidence(
            sets: sets, rows: RowSummary(), championLabels: names, taskLabels: names, mostFrequentLabel: names[0])
        var (verdict, usable) = (RetrainingVerdict.held, 0)
        for look in 1...max(1, looks) {
            evidence.look = look
            for _ in 0..<(look == 1 ? rows : rows / 5) {
                // A fifth of the rows is held out.
                let training = pair.trainingRows(4)
                evidence.rows.read += 5
                evidence.rows.withUnknownLabels += training.misspelled
                usable += training.usable
                guard let row = pair.heldOutRow() else {
                    evidence.rows.withUnknownLabels += 1
                    continue
                }
                if row.truth == pair.faulty { usable += 1 }
                let set = sets.count > 1 && pair.chance(newest) ? 1 : 0
                evidence.sets[set].truth.append(singles[row.truth])
                evidence.sets[set].champion?.append(singles[row.champion])
                evidence.sets[set].challenger.append(singles[row.challenger])
            }
            let (lost, name) = (evidence.rows.withUnknownLabels, names[pair.faulty])
            evidence.misspellings =
                lost == 0 ? [] : [.init(spelling: name.uppercased(), label: name, rows: lost, usable: usable)]
            verdict = gate.decision(evidence).verdict
            if verdict != .held { return (verdict, look) }
        }
        return (verdict, looks)
    }

    /// Counts a promotion by what the two classifiers do on new rows with true labels.
    private func count(_ pair: inout ClassifierPair, _ look: Int, in tally: inout Tally) {
        tally.promoted += 1
        if look == 1 { tally.promotedAtOnce += 1 }
        var (gain, rows) = (0, [Int](repeating: 0, count: labels))
        var lost = rows
        for _ in 0..<Self.testRows {
            let row = pair.row()
            let change = (row.challenger == row.truth ? 1 : 0) - (row.champion == row.truth ? 1 : 0)
            gain += change
            rows[row.truth] += 1
            lost[row.truth] -= change
        }
        if gain <= 0 { tally.notBetter += 1 }
        let harms = zip(lost, rows).contains { Double($0) > gate.labelFloor * Double(max($1, 1)) }
        if harms { tally.harmful += 1 }
    }
}
