/// A training between two steps: all that is needed to resume it and end with the same bits.
///
/// The output of the frozen layers is not part of it. It is computed anew, in the batches in which it was computed
/// first.
public struct TrainingCheckpoint: Sendable, Equatable {
    var identity: TrainingIdentity
    var history: TrainingHistory
    /// Finished steps of the current epoch.
    var batch: Int
    /// Finished steps of all epochs.
    public internal(set) var step: Int
    var meter: ProgressMeter.State
    var curve: LossCurve
    /// The current parameters of the adapter.
    var values: [Float]
    var optimizer: AdapterOptimizer.State

    /// Refuses a training of other rows or settings.
    func check(_ training: TrainingIdentity) throws(TrainingError) {
        let differences = training.differences(from: identity)
        guard differences.isEmpty else { throw .checkpoint(.ofAnotherTraining(differences)) }
    }

    /// Refuses an adapter with another number of parameters.
    func check(parameterCount: Int) throws(TrainingError) {
        let arrays = [values, optimizer.firstMoment, optimizer.secondMoment, history.best?.values ?? values]
        guard arrays.allSatisfy({ $0.count == parameterCount }) else {
            throw .checkpoint(.ofAnotherTraining(["the number of parameters"]))
        }
    }
}

/// Why a checkpoint cannot be read, written or resumed.
public enum CheckpointError: Error, Equatable {
    /// The file cannot be read.
    case unreadable(file: String, reason: String)
    /// The file cannot be written.
    case unwritable(file: String, reason: String)
    /// Another program's file, or one whose bytes have changed.
    case damaged(file: String, reason: String)
    /// A checkpoint of another training: what differs, in words.
    case ofAnotherTraining([String])
}

extension CheckpointError: CustomStringConvertible {
    /// The file, and what is wrong with it.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .unwritable(let file, let reason): "\(file): cannot be written: \(reason)"
        case .damaged(let file, let reason): "\(file): is not a usable checkpoint: \(reason)"
        case .ofAnotherTraining(let differences):
            "the checkpoint belongs to another training; these differ: " + differences.joined(separator: ", ")
        }
    }
}
