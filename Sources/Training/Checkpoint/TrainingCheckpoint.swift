/// A training that stands still between two steps: all that is needed to go on and end with the same bits.
///
/// What the frozen layers gave is not kept; it is computed anew, in the batches in which it was computed first.
public struct TrainingCheckpoint: Sendable, Equatable {
    var identity: TrainingIdentity
    var course: TrainingCourse
    /// Steps of the epoch under way that are done.
    var batch: Int
    /// Steps of all epochs that are done.
    public internal(set) var step: Int
    var meter: ProgressMeter.State
    var curve: LossCurve
    /// The adapter's parameters as they are now.
    var values: [Float]
    var optimizer: AdapterOptimizer.State

    /// Epochs that are over and measured.
    public var finishedEpochs: Int { course.epochs.count }

    /// Whether it is of an adapter with so many parameters.
    func has(_ parameterCount: Int) -> Bool {
        [values, optimizer.firstMoment, optimizer.secondMoment, course.kept?.values ?? values].allSatisfy {
            $0.count == parameterCount
        }
    }
}
