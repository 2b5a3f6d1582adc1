import Glibc
import Kernels

/// Draws rows with the predictions of two classifiers whose accuracies are known.
struct ClassifierPair {
    /// A row with the numbers of labels.
    struct Row {
        var truth: Int
        var champion: Int
        var challenger: Int
    }

    private let simulation: GateSimulation
    /// Share of the labels up to each one.
    private let cumulated: [Double]
    /// The challenger's accuracy per label.
    private let recalls: [Double]
    /// The label that the simulation's fault is about.
    let faulty: Int
    /// The share of rows that have it.
    private let faultyShare: Double
    private var random: SplitMix64

    init(_ simulation: GateSimulation, random: SplitMix64) {
        (self.simulation, self.random) = (simulation, random)
        let weights = (1...max(2, simulation.labels)).map { pow(Double($0), -simulation.imbalance) }
        let sum = weights.reduce(0, +)
        var total = 0.0
        cumulated = weights.map { weight in
            total += weight / sum
            return total
        }
        faulty = weights.count / 2
        let accuracy = simulation.accuracy + simulation.gain
        let recall =
            switch simulation.fault {
            case .none: accuracy
            case .forgotten, .absent: 0.0
            case .misspelled(let share): accuracy * (1 - share)
            }
        // What the challenger loses of the label, it gains on the others, so that its accuracy is as stated.
        let share = weights[faulty] / sum
        faultyShare = share
        var recalls = [Double](repeating: min((accuracy - share * recall) / (1 - share), 1), count: weights.count)
        recalls[faulty] = recall
        self.recalls = recalls
    }

    /// Whether something of this probability happens.
    mutating func chance(_ probability: Double) -> Bool { random.fraction() < probability }

    /// A row with its true label.
    mutating func row() -> Row {
        let place = random.fraction()
        let truth = cumulated.firstIndex { place < $0 } ?? cumulated.count - 1
        let (champion, challenger) = (1 - simulation.accuracy, 1 - recalls[truth])
        let together = simulation.sharedErrors
        let both = together * min(champion, challenger) + (1 - together) * champion * challenger
        let draw = random.fraction()
        let championErrs = draw < champion
        let challengerErrs = draw < both || (draw >= champion && draw < champion + challenger - both)
        var row = Row(truth: truth, champion: truth, challenger: truth)
        if championErrs { row.champion = mistake(for: truth, challengers: false) }
        if challengerErrs { row.challenger = mistake(for: truth, challengers: true) }
        return row
    }

    /// A row as the gate sees it; nil if its label is unusable or no such row exists.
    mutating func heldOutRow() -> Row? {
        var row = row()
        if row.truth == faulty {
            switch simulation.fault {
            case .none, .forgotten: break
            case .misspelled(let share): if chance(share) { return nil }
            case .absent: while row.truth == faulty { row = self.row() }
            }
        }
        if chance(simulation.mislabelled) { row.truth = other(than: row.truth) }
        return row
    }

    /// Of some rows to train on, how many have the faulty label, and how many would have it if it were not misspelled.
    mutating func trainingRows(_ count: Int) -> (usable: Int, misspelled: Int) {
        guard case .misspelled(let share) = simulation.fault else { return (0, 0) }
        var rows = (usable: 0, misspelled: 0)
        for _ in 0..<count where chance(faultyShare) {
            if chance(share) { rows.misspelled += 1 } else { rows.usable += 1 }
        }
        return rows
    }

    /// A wrong label: mostly that of the neighbour, as some labels are easily confused.
    private mutating func mistake(for truth: Int, challengers: Bool) -> Int {
        while true {
            let label = chance(0.6) ? (truth + 1) % cumulated.count : other(than: truth)
            if !challengers || label != faulty || recalls[faulty] > 0 || cumulated.count == 2 { return label }
            if label == (truth + 1) % cumulated.count { return (truth + 2) % cumulated.count }
        }
    }

    private mutating func other(than label: Int) -> Int {
        (label + 1 + random.below(cumulated.count - 1)) % cumulated.count
    }
}
