import Connectors
import JSON
import Operations

extension ForgetReport {
    /// What the figures do not say.
    var notes: [String] {
        var notes: [String] = []
        if texts > 0 {
            notes.append(
                "an adapter keeps 32 bits of the hash of each text: one that is not listed was not trained on these "
                    + "texts, and one that is listed may owe it to chance (1 in 43,000 per text and 100,000 rows)")
        }
        if recordsWithoutText > 0 {
            notes.append("\(recordsWithoutText) records have no stored text: their part in adapters is unknown")
        }
        if !unknownAdapters.isEmpty {
            notes.append("unknown what these versions were trained on: \(Self.names(unknownAdapters))")
        }
        if !distilledAdapters.isEmpty, texts + recordsWithoutText > 0 {
            notes.append(
                "distilled also on texts without a label, which are recorded nowhere: \(Self.names(distilledAdapters))")
        }
        if !runningRetrainings.isEmpty {
            notes.append("being retrained now, perhaps on these texts: \(runningRetrainings.joined(separator: ", "))")
        }
        return notes
    }

    var json: JSONValue {
        let rows = ForgottenTable.allCases.map { table in
            (key: table.rawValue, value: JSONValue.integer(self.rows[table] ?? 0))
        }
        return .object([
            ("dry_run", .boolean(isDryRun)), ("records", .integer(records)), ("texts", .integer(texts)),
            ("records_without_text", .integer(recordsWithoutText)), ("rows", .object(rows)),
            ("adapters", .array(adapters.map(Self.member))),
            ("unknown_adapters", .array(unknownAdapters.map(Self.member))),
            ("distilled_adapters", .array(distilledAdapters.map(Self.member))),
            ("running_retrainings", .array(runningRetrainings.map { .string($0) })),
        ])
    }

    private static func names(_ adapters: [Adapter]) -> String {
        adapters.map { "\($0.task) \($0.version)" }.joined(separator: ", ")
    }

    private static func member(_ adapter: Adapter) -> JSONValue {
        .object([
            ("task", .string(adapter.task)), ("version", .integer(adapter.version)), ("state", .string(adapter.state)),
            ("texts", .integer(adapter.texts)),
        ])
    }
}
