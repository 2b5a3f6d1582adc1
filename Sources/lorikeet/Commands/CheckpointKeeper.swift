import Foundation
import Operations
import Reports
import Training

/// Keeps the checkpoint of a training beside its output: after epochs, and where it is interrupted.
final class CheckpointKeeper {
    let path: String
    /// How to go on from the checkpoint.
    private let way: String
    /// The newest one, written or not.
    private var newest: TrainingCheckpoint?
    private var failure: CheckpointError?
    private var writtenAt = ContinuousClock.now
    /// Epochs that follow one another faster are not written each.
    private static let interval = Duration.seconds(10)

    /// - Parameter isSearched: the settings are what a search found, which has to be told apart from one that is yet to come.
    init(output: String, isSearched: Bool) {
        way =
            isSearched
            ? "the same command with --resume and the settings found in place of --search"
            : "the same command with --resume"
        var output = output
        while output.count > 1, output.hasSuffix("/") { output.removeLast() }
        path = output + ".checkpoint"
    }

    /// The checkpoint to go on from; nil: the training starts anew.
    func open(resumes: Bool, overwrites: Bool) throws -> TrainingCheckpoint? {
        guard FileManager.default.fileExists(atPath: path) else {
            if resumes { StandardError.write("no checkpoint at \(path): the training starts anew") }
            return nil
        }
        if resumes { return try TrainingCheckpoint(path: path) }
        guard overwrites else {
            throw CommandFailure(
                .failed,
                "\(path): an interrupted training is kept there; --resume goes on with it, --overwrite starts anew")
        }
        return nil
    }

    /// Takes the newest checkpoint, and writes it if it is time or the training is being interrupted.
    func keep(_ checkpoint: TrainingCheckpoint) {
        newest = checkpoint
        guard Interruption.isAsked || ContinuousClock.now - writtenAt >= Self.interval else { return }
        let before = failure
        write()
        // Said once a cause, at once: whoever relies on it may still make room.
        if let failure, failure != before { StandardError.write("warning: no checkpoint is kept: \(failure)") }
    }

    /// The training is over and its adapter stands.
    func remove() { TrainingCheckpoint.remove(at: path) }

    /// What to say after an interruption.
    func interrupted() -> CommandFailure {
        if let failure {
            return CommandFailure(.failed, "interrupted, and the checkpoint could not be kept: \(failure)")
        }
        guard let newest else {
            return CommandFailure(.failed, "interrupted before the first step: nothing was written")
        }
        return CommandFailure(
            .failed, "interrupted after step \(newest.step): no adapter was written; \(way) goes on from \(path)")
    }

    /// What to say where the adapter of a training that is over could not be written.
    func unwritten(_ error: any Error) -> CommandFailure {
        write()
        let kept = failure == nil ? "; \(path) keeps the training: \(way) writes the adapter" : ""
        return CommandFailure(.failed, explanation(of: error) + kept)
    }

    private func write() {
        guard let newest else { return }
        do {
            try newest.write(to: path)
            (failure, writtenAt) = (nil, .now)
        } catch {
            (failure, writtenAt) = (error, .now)
        }
    }
}
