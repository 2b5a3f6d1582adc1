import BERT
import Kernels
import Threading

/// A running training: the state between its steps.
struct TrainingRun {
    private let adapter: TrainableAdapter
    private let rows: TrainingRows
    private let settings: TrainingSettings
    private let criterion: TrainingCriterion
    private let team: WorkerTeam
    private let workers: [TrainingWorker]
    private var schedule: LearningRateSchedule
    private let dropout: DropoutKey?
    private let distillation: DistillationPlan?
    private let distillationWeight: Double
    /// Tokens of each row.
    private let lengths: [Int]
    private var optimizer: AdapterOptimizer
    private var step = 0
    /// Finished steps of the current epoch.
    private var batch = 0
    /// The training is cancelled before this step, counted from 0.
    var stepLimit = Int.max
    private(set) var meter: ProgressMeter
    private(set) var curve = LossCurve()

    /// - Parameters:
    ///   - dropout: nil switches off all dropout, that of the base too.
    ///   - distillationWeight: the factor of the divergence from the teacher of the rows.
    init(
        base: BERTBase, adapter: TrainableAdapter, rows: TrainingRows, settings: TrainingSettings, team: WorkerTeam,
        dropout: DropoutKey?, criterion: TrainingCriterion = TrainingCriterion(), distillationWeight: Double = 0
    ) {
        distillation = rows.softTargets.map {
            DistillationPlan(count: $0.count, rowsPerStep: settings.textsPerStep, seed: settings.seed)
        }
        self.distillationWeight = distillationWeight
        lengths = rows.lengths
        self.criterion = criterion
        self.adapter = adapter
        self.rows = rows
        self.settings = settings
        self.team = team
        let keepsStates = adapter.lowestLayer > 0
        let cache = HiddenStateCache(
            lengths: lengths, hidden: base.configuration.hidden,
            memoryBytes: keepsStates ? settings.cacheBytes : 0,
            fileBytes: keepsStates ? settings.cacheFileBytes : 0)
        workers = (0..<team.count).map { _ in
            TrainingWorker(base: base, adapter: adapter, rows: rows, cache: cache, criterion: criterion)
        }
        schedule = LearningRateSchedule(settings, steps: settings.stepCount(rows: rows.exampleCount))
        self.dropout = dropout
        optimizer = AdapterOptimizer(
            adapter, weightDecay: settings.weightDecay, clipping: settings.clipping,
            loraPlusRatio: settings.loraPlusRatio)
        meter = ProgressMeter(epochs: settings.epochCount(rows: rows.exampleCount), steps: schedule.steps)
    }

    /// Makes the training longer. The rate goes on where that of a longer training would be.
    mutating func setEpochs(_ epochs: Int) {
        guard epochs != meter.epochs else { return }
        schedule = LearningRateSchedule(settings, steps: epochs * settings.stepsPerEpoch(rows: rows.exampleCount))
        (meter.epochs, meter.steps) = (epochs, schedule.steps)
    }

    // MARK: - Checkpoints

    /// All that is needed to resume from here.
    func checkpoint(_ identity: TrainingIdentity, _ history: TrainingHistory) -> TrainingCheckpoint {
        TrainingCheckpoint(
            identity: identity, history: history, batch: batch, step: step, meter: meter.state, curve: curve,
            values: Array(adapter.values), optimizer: optimizer.state)
    }

    /// Takes over the state of a checkpoint.
    mutating func restore(_ checkpoint: TrainingCheckpoint) {
        (batch, step) = (checkpoint.batch, checkpoint.step)
        (meter.state, curve) = (checkpoint.meter, checkpoint.curve)
        optimizer.state = checkpoint.optimizer
        _ = adapter.values.update(fromContentsOf: checkpoint.values)
    }

    /// Computes the output of the frozen layers again, in the batches of the first epoch: other batches may give other
    /// last bits.
    func refillCache(isCancelled: () -> Bool) throws(TrainingError) {
        guard adapter.lowestLayer > 0 else { return }
        for batch in plan(epoch: 1).batches.prefix(step) {
            if isCancelled() { throw .cancelled }
            let shares = shares(batch)
            team.run { [workers] number in
                workers[number].computeStates(examples: shares[number].examples, distilled: [])
            }
        }
        // Each text of a distillation for the first time, as it was computed first.
        for step in 0..<min(step, distillation?.stepsOfRound ?? 0) {
            if isCancelled() { throw .cancelled }
            let shares = distilled(step: step)
            team.run { [workers] number in workers[number].computeStates(examples: [], distilled: shares[number]) }
        }
    }

    private func plan(epoch: Int) -> BatchPlan {
        BatchPlan(
            lengths: rows.exampleLengths, batchSize: settings.textsPerStep, workers: team.count, seed: settings.seed,
            epoch: epoch)
    }

    // MARK: - Steps

    /// Trains on every example once. The last epoch ends with the last step.
    ///
    /// - Parameter epoch: from 1.
    mutating func epoch(
        _ epoch: Int, progress: (TrainingProgress) -> Void, isCancelled: () -> Bool
    ) throws(TrainingError) -> EpochReport {
        meter.begin(epoch, isResumed: batch > 0)
        for shares in plan(epoch: epoch).batches.dropFirst(batch) where step < schedule.steps {
            if step >= stepLimit || isCancelled() { throw .cancelled }
            let rate = schedule.rate(at: step)
            guard let loss = trainStep(shares, rate: rate) else { throw .notFinite(epoch: epoch, batch: batch + 1) }
            batch += 1
            let texts = shares.reduce(0) { $0 + $1.count }
            curve.append(loss: loss / Double(max(texts, 1)), rate: rate, step: step)
            if meter.countStep(loss: loss, texts: texts, rate: rate) { progress(meter.progress(finished: nil)) }
        }
        guard adapter.values.allSatisfy(\.isFinite) else { throw .notFinite(epoch: epoch, batch: batch) }
        if step >= stepLimit || isCancelled() { throw .cancelled }
        batch = 0
        return meter.end()
    }

    /// One step: forward, backward, optimizer.
    ///
    /// - Returns: the mean loss of its labelled examples, weighted if there are class weights, plus the weighted mean
    ///   divergence from a teacher, times the number of the examples. nil, with nothing changed, if the loss or its
    ///   gradient is not finite.
    private mutating func trainStep(_ batch: [[Int]], rate: Float) -> Double? {
        let shares = shares(batch)
        team.run { [workers] number in workers[number].compute(shares[number]) }
        let loss = workers.reduce(0) { $0 + $1.loss }
        let divergence = workers.reduce(0) { $0 + $1.divergence }
        guard loss.isFinite, divergence.isFinite, optimizer.step(workers.map(\.gradient), rate: rate).isFinite else {
            return nil
        }
        step += 1
        let texts = batch.reduce(0) { $0 + $1.count }
        let held = distillationWeight * divergence / Double(distillation?.perStep ?? 1)
        return (loss / criterion.weight(of: batch.joined(), rows) + held) * Double(texts)
    }

    /// The share of a batch that each worker computes.
    private func shares(_ batch: [[Int]]) -> [TrainingWorker.Share] {
        let key = dropout?.stream(UInt64(step))
        // Like PyTorch's mean: divided by the sum of the class weights, if there are any.
        let scale = Float(1 / criterion.weight(of: batch.joined(), rows))
        var shares: [TrainingWorker.Share] = []
        var first = 0
        for examples in batch {
            shares.append(
                TrainingWorker.Share(examples: examples, firstSequence: first, lossScale: scale, dropout: key))
            first += examples.reduce(0) { $0 + rows.rows(ofExample: $1).count }
        }
        addDistillation(to: &shares, first: first)
        return shares
    }

    /// - Parameter first: the number of the first text within the batch, behind its labelled rows.
    private func addDistillation(to shares: inout [TrainingWorker.Share], first: Int) {
        guard let distillation else { return }
        var first = first
        for (number, texts) in distilled(step: step).enumerated() {
            (shares[number].distilled, shares[number].firstDistilled) = (texts, first)
            shares[number].distillationScale = Float(distillationWeight / Double(distillation.perStep))
            first += texts.count
        }
    }

    /// The texts of a distillation that each worker computes in a step.
    private func distilled(step: Int) -> [[Int]] {
        guard let distillation else { return [] }
        let places = distillation.texts(step: step).map { rows.targets.count + $0 }
        return BatchPlan.shares(places, lengths: lengths, workers: team.count)
            .map { $0.map { $0 - rows.targets.count } }
    }
}
