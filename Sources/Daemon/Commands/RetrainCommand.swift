import Logging

/// `lorikeet retrain`: one run of the learning way, now.
public enum RetrainCommand {
    /// Trains a challenger from the labelled rows of a task, compares, promotes or rejects it.
    ///
    /// - Parameters:
    ///   - background: lowers this process's priority and ends when standard input closes: how the daemon starts it.
    ///   - progress: a line of progress for a person.
    public static func run(
        task: String, file: String, background: Bool = false, trigger: String = "manual",
        environment: PipelineEnvironment = .process, logger: Logger,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(CommandFailure) -> RetrainReport {
        throw CommandFailure(.failed, "not there yet")
    }
}

