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
        /// Hidden states of these rows, as far as they are known.
        var states: [[Float]?]
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
    func compute(_ share: Share) {
        gradient.clear()
        loss = 0
        newStates = []
        if share.rows.isEmpty { return }
        let batch = rows.batch(share.rows)
        loss = Double(
            pass.accumulateGradient(
                batch: batch, hiddenStates: hiddenStates(share), targets: share.rows.map { rows.targets[$0] },
                lossScale: share.lossScale, dropout: share.dropout, firstSequence: share.firstSequence, into: gradient.values))
    }

    /// Known states copied, the others computed in one batch; nil where no layer is frozen.
    private func hiddenStates(_ share: Share) -> [Float]? {
        guard let lower else { return nil }
        let missing = zip(share.rows, share.states).filter { $0.1 == nil }.map(\.0)
        let computed = missing.isEmpty ? [] : lower.hiddenStates(below: layer, rows.batch(missing))
        var all: [Float] = []
        all.reserveCapacity(share.rows.reduce(0) { $0 + rows.length($1) } * hidden)
        var first = 0
        for (row, known) in zip(share.rows, share.states) {
            if let known {
                all += known
            } else {
                let next = first + rows.length(row) * hidden
                newStates.append((row, Array(computed[first..<next])))
                all += computed[first..<next]
                first = next
            }
        }
        return all
    }
}
