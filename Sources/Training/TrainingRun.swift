import BERT
import Kernels
import Threading

/// One training under way: what stays between its steps.
struct TrainingRun {
    private let adapter: TrainableAdapter
    private let rows: TrainingRows
    private let settings: TrainingSettings
    private let criterion: TrainingCriterion
    private let team: WorkerTeam
    private let workers: [TrainingWorker]
    private let schedule: LearningRateSchedule
    private let dropout: DropoutKey?
    private var optimizer: AdapterOptimizer
    private var step = 0
    /// Steps of the epoch under way.
    private var batch = 0
    /// The step to stand still before, as if cancelled.
    var pause = Int.max
    private(set) var meter: ProgressMeter
    private(set) var curve = LossCurve()

    /// - Parameter dropout: nil switches off the base's own dropout too.
    init(
        base: BERTBase, adapter: TrainableAdapter, rows: TrainingRows, settings: TrainingSettings, team: WorkerTeam,
        dropout: DropoutKey?, criterion: TrainingCriterion = TrainingCriterion()
    ) {
        self.criterion = criterion
        self.adapter = adapter
        self.rows = rows
        self.settings = settings
        self.team = team
        let keepsStates = adapter.lowestLayer > 0
        let cache = HiddenStateCache(
            lengths: rows.lengths, hidden: base.configuration.hidden,
            memoryBytes: keepsStates ? settings.cacheBytes : 0,
            fileBytes: keepsStates ? settings.cacheFileBytes : 0)
        workers = (0..<team.count).map { _ in
            TrainingWorker(base: base, adapter: adapter, rows: rows, cache: cache, criterion: criterion)
        }
        schedule = LearningRateSchedule(
            peak: settings.learningRate, shape: settings.schedule, warmup: settings.warmup,
            steps: settings.stepCount(rows: rows.targets.count))
        self.dropout = dropout
        optimizer = AdapterOptimizer(
            adapter, weightDecay: settings.weightDecay, clipping: settings.clipping,
            loraPlusRatio: settings.loraPlusRatio)
        meter = ProgressMeter(epochs: settings.epochCount(rows: rows.targets.count), steps: schedule.steps)
    }

    // MARK: - Standing still and going on

    /// All that is needed to go on from here.
    func checkpoint(_ identity: TrainingIdentity, _ course: TrainingCourse) -> TrainingCheckpoint {
        TrainingCheckpoint(
            identity: identity, course: course, batch: batch, step: step, meter: meter.state, curve: curve,
            values: Array(adapter.values),
            optimizer: optimizer.state)
    }

    /// Stands where the checkpoint stood.
    mutating func stand(where checkpoint: TrainingCheckpoint) {
        (batch, step) = (checkpoint.batch, checkpoint.step)
        (meter.state, curve) = (checkpoint.meter, checkpoint.curve)
        optimizer.state = checkpoint.optimizer
        _ = adapter.values.update(fromContentsOf: checkpoint.values)
    }

    /// Computes what the frozen layers gave in the same batches as the first epoch did: another batch may give other last bits.
    func refillCache(isCancelled: () -> Bool) throws(TrainingError) {
        guard adapter.lowestLayer > 0 else { return }
        for batch in plan(epoch: 1).batches.prefix(step) {
            if isCancelled() { throw .cancelled }
            let shares = shares(batch)
            team.run { [workers] number in workers[number].computeStates(shares[number]) }
        }
    }

    private func plan(epoch: Int) -> BatchPlan {
        BatchPlan(
            lengths: rows.lengths, batchSize: settings.textsPerStep, workers: team.count, seed: settings.seed,
            epoch: epoch)
    }

    // MARK: - Steps

    /// Takes every row once, from epoch 1 on; the last epoch ends where the steps do.
    mutating func epoch(
        _ epoch: Int, progress: (TrainingProgress) -> Void, isCancelled: () -> Bool
    ) throws(TrainingError) -> EpochReport {
        meter.begin(epoch, isGoneOnWith: batch > 0)
        for shares in plan(epoch: epoch).batches.dropFirst(batch) where step < schedule.steps {
            if step >= pause || isCancelled() { throw .cancelled }
            let rate = schedule.rate(at: step)
            guard let loss = take(shares, rate: rate) else { throw .notFinite(epoch: epoch, batch: batch + 1) }
            batch += 1
            let texts = shares.reduce(0) { $0 + $1.count }
            curve.append(loss: loss / Double(max(texts, 1)), rate: rate, step: step)
            if meter.note(loss: loss, texts: texts, rate: rate) { progress(meter.progress(finished: nil)) }
        }
        guard adapter.values.allSatisfy(\.isFinite) else { throw .notFinite(epoch: epoch, batch: batch) }
        if step >= pause || isCancelled() { throw .cancelled }
        batch = 0
        return meter.end()
    }

    /// One step.
    /// - Returns: the summed loss of its texts, by class weights their weighted mean times their number; nil, with nothing changed, if it or its gradient is not a finite number.
    private mutating func take(_ batch: [[Int]], rate: Float) -> Double? {
        let shares = shares(batch)
        team.run { [workers] number in workers[number].compute(shares[number]) }
        let loss = workers.reduce(0) { $0 + $1.loss }
        guard loss.isFinite, optimizer.step(workers.map(\.gradient), rate: rate).isFinite else { return nil }
        step += 1
        let texts = batch.reduce(0) { $0 + $1.count }
        return loss * Double(texts) / criterion.weight(of: batch.joined(), rows.targets)
    }

    /// What each worker is to compute of a batch.
    private func shares(_ batch: [[Int]]) -> [TrainingWorker.Share] {
        let key = dropout?.stream(UInt64(step))
        // As PyTorch's mean: by the sum of the weights where classes have weights.
        let scale = Float(1 / criterion.weight(of: batch.joined(), rows.targets))
        var shares: [TrainingWorker.Share] = []
        var first = 0
        for rows in batch {
            shares.append(
                TrainingWorker.Share(rows: rows, firstSequence: first, lossScale: scale, dropout: key))
            first += rows.count
        }
        return shares
    }
}
