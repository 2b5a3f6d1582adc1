import BERT
import Kernels

/// One training under way: what stays between its steps.
struct TrainingRun {
    private let rows: TrainingRows
    private let settings: TrainingSettings
    private let team: WorkerTeam
    private let workers: [TrainingWorker]
    private let schedule: LearningRateSchedule
    private let dropout: DropoutKey?
    private var optimizer: AdapterOptimizer
    private var step = 0
    private(set) var meter: ProgressMeter

    /// - Parameter dropout: nil switches off the base's own dropout too.
    init(
        base: BERTBase, adapter: TrainableAdapter, rows: TrainingRows, settings: TrainingSettings, team: WorkerTeam,
        dropout: DropoutKey?
    ) {
        self.rows = rows
        self.settings = settings
        self.team = team
        let keepsStates = adapter.lowestLayer > 0
        let cache = HiddenStateCache(
            lengths: rows.lengths, hidden: base.configuration.hidden, memoryBytes: keepsStates ? settings.cacheBytes : 0,
            fileBytes: keepsStates ? settings.cacheFileBytes : 0)
        workers = (0..<team.count).map { _ in TrainingWorker(base: base, adapter: adapter, rows: rows, cache: cache) }
        schedule = LearningRateSchedule(
            peak: settings.learningRate, shape: settings.schedule, warmup: settings.warmup,
            steps: settings.stepCount(rows: rows.targets.count))
        self.dropout = dropout
        optimizer = AdapterOptimizer(
            adapter, weightDecay: settings.weightDecay, clipping: settings.clipping, loraPlusRatio: settings.loraPlusRatio)
        meter = ProgressMeter(epochs: settings.epochCount(rows: rows.targets.count), steps: schedule.steps)
    }

    /// Takes every row once, from epoch 1 on; the last epoch ends where the steps do.
    mutating func epoch(
        _ epoch: Int, progress: (TrainingProgress) -> Void, isCancelled: () -> Bool
    ) throws(TrainingError) -> EpochReport {
        let plan = BatchPlan(
            lengths: rows.lengths, batchSize: settings.textsPerStep, workers: team.count, seed: settings.seed, epoch: epoch)
        meter.begin(epoch)
        for (number, batch) in plan.batches.enumerated() where step < schedule.steps {
            if isCancelled() { throw .cancelled }
            let rate = schedule.rate(at: step)
            guard let loss = take(batch, rate: rate) else { throw .notFinite(epoch: epoch, batch: number + 1) }
            let texts = batch.reduce(0) { $0 + $1.count }
            if meter.note(loss: loss, texts: texts, rate: rate) { progress(meter.progress(finished: nil)) }
        }
        return meter.end()
    }

    /// One step.
    /// - Returns: the summed loss of its texts; nil, with nothing changed, if it or its gradient is not a finite number.
    private mutating func take(_ batch: [[Int]], rate: Float) -> Double? {
        let key = dropout?.stream(UInt64(step))
        let texts = batch.reduce(0) { $0 + $1.count }
        var shares: [TrainingWorker.Share] = []
        var first = 0
        for rows in batch {
            shares.append(
                TrainingWorker.Share(rows: rows, firstSequence: first, lossScale: 1 / Float(texts), dropout: key))
            first += rows.count
        }
        team.run { [shares, workers] number in workers[number].compute(shares[number]) }
        let loss = workers.reduce(0) { $0 + $1.loss }
        guard loss.isFinite, optimizer.step(workers.map(\.gradient), rate: rate).isFinite else { return nil }
        step += 1
        return loss
    }
}
