/// Why a checkpoint cannot be read, written or gone on with.
public enum CheckpointError: Error, Equatable {
    case unreadable(file: String, reason: String)
    case unwritable(file: String, reason: String)
    /// Another program's file, or one whose bytes have changed.
    case damaged(file: String, reason: String)
    /// It is of another training: what differs, in words.
    case ofAnotherTraining([String])
}

extension CheckpointError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .unwritable(let file, let reason): "\(file): cannot be written: \(reason)"
        case .damaged(let file, let reason): "\(file): is no checkpoint that can be used: \(reason)"
        case .ofAnotherTraining(let differences):
            "the checkpoint is of another training; these differ: " + differences.joined(separator: ", ")
        }
    }
}
