/// How many epochs a training has: those of its settings, or more if its rows turn out hard to learn.
///
/// A function of the finished epochs and nothing else, so that a resumed training decides as an undisturbed one does.
struct TrainingLength {
    /// The epoch whose loss decides.
    static let decidingEpoch = 2
    /// Rows are hard to learn if the mean loss of that epoch is above this share of the loss of guessing.
    static let hardShare = 0.6

    private let epochs: Int
    private let mostEpochs: Int?
    private let guess: Double

    /// - Parameter holdsTeacher: whether the loss has a teacher's part. It then says too little of the rows.
    init(_ settings: TrainingSettings, _ rows: TrainingRows, _ criterion: TrainingCriterion, holdsTeacher: Bool) {
        epochs = settings.epochCount(rows: rows.exampleCount)
        mostEpochs = settings.steps == nil && !holdsTeacher ? settings.mostEpochs : nil
        guess = mostEpochs == nil ? 0 : criterion.guess(rows)
    }

    /// The number of all epochs.
    func epochs(after finished: [EpochReport]) -> Int {
        guard let mostEpochs, finished.count >= Self.decidingEpoch, epochs > Self.decidingEpoch else { return epochs }
        let isHard = finished[Self.decidingEpoch - 1].loss > Self.hardShare * guess
        return isHard ? max(epochs, mostEpochs) : epochs
    }

    /// A sentence for a person, where the training has just become longer; else nil.
    func notice(after finished: [EpochReport]) -> String? {
        let longer = epochs(after: finished)
        guard finished.count == Self.decidingEpoch, longer > epochs else { return nil }
        return "the labels are hard to learn: \(longer) epochs instead of \(epochs)"
    }
}
