/// Which texts of a ``Distillation`` each step trains on, beside its labelled rows: all of them in turn, shuffled anew
/// each time. A pure function of seed and step, so that a resumed training goes on alike.
struct DistillationPlan {
    /// Number of texts, at least 1.
    let count: Int
    /// Texts of a step.
    let perStep: Int
    private let seed: UInt64

    /// - Parameter rowsPerStep: labelled rows of a step; there are as many texts, if there are so many.
    init(count: Int, rowsPerStep: Int, seed: UInt64) {
        (self.count, perStep) = (count, max(1, min(rowsPerStep, count)))
        // Not the order of the labelled rows.
        self.seed = seed ^ 0x6469_7374_696c_6c73
    }

    /// Steps until each text was there once.
    var stepsOfRound: Int { (count + perStep - 1) / perStep }

    /// - Parameter step: from 0.
    func texts(step: Int) -> [Int] {
        var orders: [Int: [Int]] = [:]
        return (step * perStep..<(step + 1) * perStep).map { place in
            let round = place / count
            let order = orders[round] ?? BatchPlan.order(count: count, seed: seed, epoch: round)
            orders[round] = order
            return order[place % count]
        }
    }
}
