import FoundationEssentials
import PostgresClient
import Retraining

/// Retrainings as rows of `lorikeet.retrainings`.
extension RetrainingRecord {
    /// - Parameter report: the expression for the report, which may be long.
    static func columns(report: String) -> String {
        "id, task, trigger, rows_used, champion, challenger, verdict, reason, challenger_version, looks, "
            + "training_digest, \(report) AS report, "
            + ExactTime.column("started_at") + ", " + ExactTime.column("finished_at")
    }

    init(_ row: PostgresRow) throws {
        self.init(
            id: try row.integer("id"), task: try row.text("task"),
            // A trigger that only a newer program knows counts as a command.
            trigger: RetrainingTrigger(rawValue: try row.text("trigger")) ?? .command,
            startedAt: try ExactTime.date(row, "started_at"),
            finishedAt: try ExactTime.optionalDate(row, "finished_at"),
            rowsUsed: Int(try row.integer("rows_used")), champion: try row.optionalText("champion"),
            challenger: try row.optionalText("challenger"),
            verdict: try row.optionalText("verdict").flatMap(RetrainingVerdict.init),
            reason: try row.optionalText("reason"))
        challengerVersion = try row.optionalInteger("challenger_version").map { Int($0) }
        looks = Int(try row.integer("looks"))
        trainingDigest = try row.optionalText("training_digest")
        report = try row.optionalText("report").flatMap(VerdictReport.init)
    }
}
