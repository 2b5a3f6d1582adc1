import BERT
import Kernels

/// The forward and backward passes of one worker, and its gradient.
///
/// `@unchecked Sendable`: one thread of a `WorkerTeam` at a time uses a worker, and the trainer only between rounds.
final class TrainingWorker: @unchecked Sendable {
    /// The part of a batch that one worker computes.
    struct Share {
        /// Indices of training examples; may be empty.
        var examples: [Int]
        /// The index of their first row within the batch, which decides the dropout masks.
        var firstSequence: Int
        var lossScale: Float
        /// nil: no dropout.
        var dropout: DropoutKey?
        /// Numbers of texts on which to distil from a teacher.
        var distilled: [Int] = []
        /// The index of the first of them within the batch.
        var firstDistilled = 0
        var distillationScale: Float = 0
    }

    /// Tokens that the frozen layers compute at once, which bounds their memory.
    private static let tokensAtOnce = 512

    /// Gradient of the last share, [parameters].
    let gradient: FloatBuffer
    /// Summed loss of the last share.
    private(set) var loss = 0.0
    /// Summed divergence from the teacher of the last share.
    private(set) var divergence = 0.0
    private let rows: TrainingRows
    private let criterion: TrainingCriterion
    private let pass: TrainingPass
    /// For the frozen layers; nil if all layers are trained.
    private let lower: InferencePass?
    private let cache: HiddenStateCache
    private let layer: Int
    private let hidden: Int

    /// - Parameter cache: the output of the frozen layers, shared by all workers.
    init(
        base: BERTBase, adapter: TrainableAdapter, rows: TrainingRows, cache: HiddenStateCache,
        criterion: TrainingCriterion = TrainingCriterion()
    ) {
        self.rows = rows
        self.cache = cache
        self.criterion = criterion
        gradient = FloatBuffer(count: adapter.parameterCount)
        pass = TrainingPass(base: base, adapter: adapter)
        layer = adapter.lowestLayer
        hidden = base.configuration.hidden
        lower = layer > 0 ? InferencePass(base: base) : nil
    }

    /// Computes loss and gradient of a share.
    func compute(_ share: Share) {
        gradient.clear()
        (loss, divergence) = (0, 0)
        if !share.examples.isEmpty { train(share) }
        if !share.distilled.isEmpty { distil(share) }
    }

    private func train(_ share: Share) {
        guard let pool = rows.pooledLoss else { return trainRows(share, share.examples) }
        let texts = share.examples.map(rows.rows(ofExample:))
        // An answer of one window is pooled as it is.
        trainRows(share, texts.filter { $0.count == 1 }.map(\.lowerBound))
        var first = share.firstSequence + texts.count { $0.count == 1 }
        for windows in texts where windows.count > 1 {
            let places = Array(windows)
            loss += Double(
                pass.accumulateGradient(
                    windows: rows.batch(places), hiddenStates: hiddenStates(places), pool: pool,
                    targets: rows.targets.at([windows.lowerBound]), lossScale: share.lossScale,
                    classWeights: criterion.classWeights, labelSmoothing: criterion.labelSmoothing,
                    dropout: share.dropout, firstSequence: first, into: gradient.values))
            first += windows.count
        }
    }

    /// Each row has a loss of its own.
    private func trainRows(_ share: Share, _ places: [Int]) {
        guard !places.isEmpty else { return }
        loss += Double(
            pass.accumulateGradient(
                batch: rows.batch(places), hiddenStates: hiddenStates(places), targets: rows.targets.at(places),
                lossScale: share.lossScale, classWeights: criterion.classWeights,
                labelSmoothing: criterion.labelSmoothing,
                textWeights: rows.weights.map { weights in places.map { weights[$0] } },
                dropout: share.dropout, firstSequence: share.firstSequence, into: gradient.values))
    }

    private func distil(_ share: Share) {
        guard let targets = rows.softTargets else { return }
        let places = places(share.distilled)
        divergence = Double(
            pass.accumulateGradient(
                batch: rows.batch(places), hiddenStates: hiddenStates(places), softTargets: targets.at(share.distilled),
                lossScale: share.distillationScale, dropout: share.dropout, firstSequence: share.firstDistilled,
                into: gradient.values))
    }

    /// The texts of a distillation are behind the labelled rows.
    private func places(_ distilled: [Int]) -> [Int] { distilled.map { rows.targets.count + $0 } }

    /// Computes and caches the output of the frozen layers for a share, without training.
    func computeStates(examples: [Int], distilled: [Int]) {
        if !examples.isEmpty { _ = hiddenStates(examples.flatMap(rows.rows(ofExample:))) }
        if !distilled.isEmpty { _ = hiddenStates(places(distilled)) }
    }

    /// The output of the frozen layers, from the cache or computed, [tokens, hidden]; nil if no layer is frozen.
    private func hiddenStates(_ indices: [Int]) -> [Float]? {
        guard lower != nil else { return nil }
        var starts: [Int] = []
        var count = 0
        for row in indices {
            starts.append(count)
            count += rows.length(row) * hidden
        }
        return [Float](unsafeUninitializedCapacity: count) { states, filled in
            filled = count
            guard let states = states.baseAddress else { return }
            let computed = zip(indices, starts).filter { !cache.copy($0, to: states + $1) }
            var missing = computed.map { (row: $0, start: $1) }[...]
            while let first = missing.first {
                var tokens = rows.length(first.row)
                let piece = missing.dropFirst().prefix {
                    tokens += rows.length($0.row)
                    return tokens <= Self.tokensAtOnce
                }
                computeStates([first] + piece, into: states)
                missing = missing.dropFirst(1 + piece.count)
            }
        }
    }

    /// Computes the output of the frozen layers for rows, writes it to their places among the states, and caches it.
    private func computeStates(_ places: [(row: Int, start: Int)], into states: UnsafeMutablePointer<Float>) {
        guard let computed = lower?.hiddenStates(below: layer, rows.batch(places.map(\.row))) else { return }
        computed.withUnsafeBufferPointer { computed in
            guard var next = computed.baseAddress else { return }
            for (row, start) in places {
                (states + start).initialize(from: next, count: rows.length(row) * hidden)
                cache.store(row, next)
                next += rows.length(row) * hidden
            }
        }
    }
}
