import FoundationEssentials
import Retraining

/// The outcome of one retraining; the daemon reads it from the process that it started.
public struct RetrainReport: Sendable, Codable, Equatable {
    /// Name of the task.
    public var task: String
    /// As in `retrainings.verdict`.
    public var verdict: String
    /// Why, for a person.
    public var reason: String
    /// Labelled rows that were trained on or held out.
    public var rowsUsed: Int
    /// Digest of the adapter that was live.
    public var champion: String?
    /// Digest of the adapter that was trained.
    public var challenger: String?
    /// Macro-F1 of the champion on the held-out rows.
    public var championMacroF1: Double?
    /// Macro-F1 of the challenger on the same rows.
    public var challengerMacroF1: Double?

    /// A report with these figures.
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

    /// Reads what `lorikeet retrain --json` wrote: its last line. Nil if it is no report.
    public init?(output: [UInt8]) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let line = output.split(separator: UInt8(ascii: "\n")).last ?? []
        guard let report = try? decoder.decode(RetrainReport.self, from: Data(line)) else { return nil }
        self = report
    }

    init(_ outcome: RetrainingOutcome) {
        self.init(
            task: outcome.task, verdict: outcome.verdict.rawValue, reason: outcome.reason, rowsUsed: outcome.rows.used,
            champion: outcome.champion, challenger: outcome.challenger,
            championMacroF1: outcome.championEvaluation?.macroF1,
            challengerMacroF1: outcome.challengerEvaluation?.macroF1)
    }
}
