import Threading

/// Measures the progress of a training: steps, loss and time.
struct ProgressMeter {
    /// Of the whole training.
    var epochs: Int
    /// Of the whole training.
    var steps: Int
    private let clock = ContinuousClock()
    private var epoch = 0
    private var step = 0
    private var rate: Float = 0
    private var epochStart: ContinuousClock.Instant
    private var lastReport: ContinuousClock.Instant
    /// Steps and seconds of the finished epochs.
    private var done = (steps: 0, seconds: 0.0)
    private var sum = (loss: 0.0, texts: 0)
    private var recent = (loss: 0.0, texts: 0)
    /// Mean loss per text of the last steps that were reported.
    private var shownLoss = 0.0
    private static let interval = Duration.milliseconds(200)

    /// What a resumed training must know of its past.
    struct State: Sendable, Codable, Equatable {
        /// Steps of all epochs.
        var step = 0
        /// Seconds of the finished epochs.
        var secondsBefore = 0.0
        /// Seconds of the current epoch; loss and texts are of it, too.
        var seconds = 0.0
        var loss = 0.0
        var texts = 0
    }

    /// The current state; setting it resumes from there.
    var state: State {
        get { State(step: step, secondsBefore: done.seconds, seconds: elapsed, loss: sum.loss, texts: sum.texts) }
        set {
            step = newValue.step
            done = (step, newValue.secondsBefore)
            sum = (newValue.loss, newValue.texts)
            epochStart = clock.now - .seconds(newValue.seconds)
        }
    }

    init(epochs: Int, steps: Int) {
        self.epochs = epochs
        self.steps = steps
        epochStart = clock.now
        lastReport = clock.now
    }

    /// - Parameter isResumed: whether `state` has counted the first steps of this epoch.
    mutating func begin(_ epoch: Int, isResumed: Bool = false) {
        self.epoch = epoch
        lastReport = clock.now
        recent = (0, 0)
        if isResumed { return }
        epochStart = lastReport
        sum = (0, 0)
    }

    /// Counts a step.
    ///
    /// - Returns: whether it is time to report.
    mutating func countStep(loss: Double, texts: Int, rate: Float) -> Bool {
        step += 1
        self.rate = rate
        sum = (sum.loss + loss, sum.texts + texts)
        recent = (recent.loss + loss, recent.texts + texts)
        let now = clock.now
        guard now - lastReport >= Self.interval else { return false }
        lastReport = now
        shownLoss = recent.loss / Double(max(recent.texts, 1))
        recent = (0, 0)
        return true
    }

    /// Ends the epoch; its report has no evaluation yet.
    mutating func end() -> EpochReport {
        let seconds = elapsed
        done = (step, done.seconds + seconds)
        let mean = sum.loss / Double(max(sum.texts, 1))
        shownLoss = mean
        return EpochReport(
            epoch: epoch, loss: mean, seconds: seconds, documentsPerSecond: Double(sum.texts) / max(seconds, 1e-9))
    }

    func progress(finished report: EpochReport?) -> TrainingProgress {
        let seconds = report?.seconds ?? elapsed
        let spent = report == nil ? done.seconds + seconds : done.seconds
        return TrainingProgress(
            epoch: epoch, epochs: epochs, step: step, steps: steps, loss: shownLoss, rate: rate,
            documentsPerSecond: Double(sum.texts) / max(seconds, 1e-9),
            secondsLeft: spent / Double(max(step, 1)) * Double(steps - step), finishedEpoch: report)
    }

    private var elapsed: Double { (clock.now - epochStart).inSeconds }
}
