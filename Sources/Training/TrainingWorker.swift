import BERT
import Kernels

/// One worker's passes and gradient.
///
/// `@unchecked Sendable`: a worker is used by one thread of a `WorkerTeam` at a time, and by the trainer only between rounds.
final class TrainingWorker: @unchecked Sendable {
    /// What a worker is to compute in one step.
    struct Share {
        /// Places among the training rows; may be empty.
        var rows: [Int]
        /// The number of the first of them within the batch: dropout masks go by it.
        var firstSequence: Int
        var lossScale: Float
        /// nil: no dropout.
        var dropout: DropoutKey?
    }

    /// Gradient of the last share, [parameters].
    let gradient: FloatBuffer
    /// Summed loss of the last share.
    private(set) var loss = 0.0
    /// Hidden states that the last share had to compute, by row.
    private(set) var newStates: [(row: Int, states: [Float])] = []
    private let rows: TrainingRows
    private let pass: TrainingPass
    /// For the frozen layers; nil where all are trained.
    private let lower: InferencePass?
    private let layer: Int
    private let hidden: Int

    init(base: BERTBase, adapter: TrainableAdapter, rows: TrainingRows) {
        self.rows = rows
        gradient = FloatBuffer(count: adapter.parameterCount)
        pass = TrainingPass(base: base, adapter: adapter)
        layer = adapter.lowestLayer
        hidden = base.configuration.hidden
        lower = layer > 0 ? InferencePass(base: base) : nil
    }

    /// Computes loss and gradient of a share.
    /// - Parameter states: hidden states by row, as far as they are known.
    func compute(_ share: Share, states: [[Float]?]) {
        gradient.clear()
        loss = 0
        newStates = []
        if share.rows.isEmpty { return }
        let batch = rows.batch(share.rows)
        loss = Double(
            pass.accumulateGradient(
                batch: batch, hiddenStates: hiddenStates(share.rows, known: states), targets: share.rows.map { rows.targets[$0] },
                lossScale: share.lossScale, dropout: share.dropout, firstSequence: share.firstSequence, into: gradient.values))
    }

    /// Known states copied, the others computed in one batch; nil where no layer is frozen.
    private func hiddenStates(_ places: [Int], known: [[Float]?]) -> [Float]? {
        guard let lower else { return nil }
        let missing = places.filter { known[$0] == nil }
        let computed = missing.isEmpty ? [] : lower.hiddenStates(below: layer, rows.batch(missing))
        var all: [Float] = []
        all.reserveCapacity(places.reduce(0) { $0 + rows.length($1) } * hidden)
        var first = 0
        for place in places {
            if let states = known[place] {
                all += states
            } else {
                let next = first + rows.length(place) * hidden
                newStates.append((place, Array(computed[first..<next])))
                all += computed[first..<next]
                first = next
            }
        }
        return all
    }
}
