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

/// What came of one run of the learning way.
public struct RetrainReport: Sendable, Codable, Equatable {
    public var task: String
    /// As in `retrainings.verdict`.
    public var verdict: String
    public var reason: String
    public var rowsUsed: Int
    public var champion: String?
    public var challenger: String?
    /// Macro-F1 on the hold-out.
    public var championMacroF1: Double?
    public var challengerMacroF1: Double?

    public init(
        task: String, verdict: String, reason: String, rowsUsed: Int, champion: String?, challenger: String?,
        championMacroF1: Double?, challengerMacroF1: Double?
    ) {
        self.task = task
        self.verdict = verdict
        self.reason = reason
        self.rowsUsed = rowsUsed
        self.champion = champion
        self.challenger = challenger
        self.championMacroF1 = championMacroF1
        self.challengerMacroF1 = challengerMacroF1
    }
}
