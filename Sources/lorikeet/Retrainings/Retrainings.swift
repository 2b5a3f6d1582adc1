import ArgumentParser
import FoundationEssentials
import JSON
import Operations
import Reports
import Retraining

/// `lorikeet retrainings`: the journal of retrainings.
struct Retrainings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List retrainings, and show what a verdict rests on.",
        discussion: """
            Each retraining is a row of lorikeet.retrainings. The database is --database,
            that of --pipeline, or $DATABASE_URL.

            EXAMPLES
              lorikeet retrainings list section
              lorikeet retrainings show 17
              lorikeet retrainings show 17 --report verdict.html
            """,
        subcommands: [RetrainingsList.self, RetrainingsShow.self])
}

extension RetrainingRecord {
    /// The members of its JSON object, without the report.
    var members: [(key: String, value: JSONValue)] {
        [
            ("id", .integer(Int(id))), ("task", .string(task)), ("trigger", .string(trigger.rawValue)),
            ("started_at", .date(startedAt)), ("finished_at", .date(finishedAt)),
            ("verdict", .optional(verdict?.rawValue)), ("reason", .optional(reason)),
            ("rows_used", .integer(rowsUsed)), ("champion", .optional(champion)),
            ("challenger", .optional(challenger)),
            ("challenger_version", challengerVersion.map { .integer($0) } ?? .null), ("looks", .integer(looks)),
            ("training_digest", .optional(trainingDigest)),
        ]
    }
}
