import FoundationEssentials
import Training

/// Keeps the checkpoint of a training beside its output: after epochs, and when the training is interrupted.
final class CheckpointKeeper {
    let path: String
    /// The command that resumes the training.
    private let command: String
    private let isInterrupted: () -> Bool
    private let warn: (String) -> Void
    /// The latest one, written or not.
    private var latest: TrainingCheckpoint?
    private var failure: CheckpointError?
    private var writtenAt = ContinuousClock.now
    /// Of epochs that end in quick succession, not every one is written.
    private static let interval = Duration.seconds(10)

    /// - Parameters:
    ///   - isSearched: whether the settings come from a search, which `--resume` does not repeat.
    ///   - isInterrupted: whether the checkpoint must be written at once.
    init(
        output: String, isSearched: Bool, isInterrupted: @escaping () -> Bool, warn: @escaping (String) -> Void
    ) {
        let settings = isSearched ? " and the settings found in place of --search" : ""
        command = "the same command with --resume" + settings
        (self.isInterrupted, self.warn) = (isInterrupted, warn)
        var output = output
        while output.count > 1, output.hasSuffix("/") { output.removeLast() }
        path = output + ".checkpoint"
    }

    /// The checkpoint to resume from; nil: the training starts from the beginning.
    func open(resumes: Bool, overwrites: Bool) throws -> TrainingCheckpoint? {
        guard FileManager.default.fileExists(atPath: path) else {
            if resumes { warn("no checkpoint at \(path): training starts from the beginning") }
            return nil
        }
        if resumes { return try TrainingCheckpoint(path: path) }
        guard overwrites else {
            throw CommandFailure(
                .failed,
                "\(path): is the checkpoint of an interrupted training; --resume continues it, --overwrite discards it")
        }
        return nil
    }

    /// Takes the latest checkpoint, and writes it if the last one is old enough or the training is interrupted.
    func keep(_ checkpoint: TrainingCheckpoint) {
        latest = checkpoint
        guard isInterrupted() || ContinuousClock.now - writtenAt >= Self.interval else { return }
        let before = failure
        write()
        // Once per cause, and at once: there may still be time to make room.
        if let failure, failure != before { warn("warning: the checkpoint cannot be written: \(failure)") }
    }

    /// Removes the checkpoint, once the adapter is written.
    func remove() { TrainingCheckpoint.remove(at: path) }

    /// The error of an interrupted training.
    func interruption() -> CommandFailure {
        if let failure {
            return CommandFailure(.failed, "interrupted, and the checkpoint cannot be written: \(failure)")
        }
        guard let latest else {
            return CommandFailure(.failed, "interrupted before the first step: nothing was written")
        }
        return CommandFailure(
            .failed, "interrupted after step \(latest.step): no adapter was written; \(command) continues from \(path)")
    }

    /// The error of a finished training whose adapter cannot be written; its checkpoint is kept.
    func unwritten(_ error: any Error) -> CommandFailure {
        write()
        let kept = failure == nil ? "; the training is kept in \(path): \(command) writes the adapter" : ""
        return CommandFailure(.failed, "\(error)\(kept)")
    }

    private func write() {
        guard let latest else { return }
        do {
            try latest.write(to: path)
            (failure, writtenAt) = (nil, .now)
        } catch {
            (failure, writtenAt) = (error, .now)
        }
    }
}
