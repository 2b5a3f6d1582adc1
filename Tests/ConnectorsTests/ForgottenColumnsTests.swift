import PostgresClient
import Serving
import Testing

@testable import Connectors

/// Every column of the schema that could hold a person's text or key is forgotten, or cannot hold one.
@Suite(.timeLimit(.minutes(3))) struct ForgottenColumnsTests {
    /// By these, `forget` finds the rows of a person.
    private static let searched: Set<String> = [
        "messages.text", "messages.message_key", "labels.text", "labels.message_key", "labels_history.message_key",
        "rejected.message_key", "rejected.payload", "rejected.headers", "annotations.text", "annotations.key_hash",
    ]

    /// They stand in rows that are deleted with their record, or with the text of an annotation.
    private static let deletedWithTheirRow: [ForgottenTable: Set<String>] = [
        .messages: ["pipeline", "topic"],
        .labels: [
            "pipeline", "topic", "task", "label", "labels", "scores", "adapter_digest", "abstention_reason", "dtype",
            "evidence", "traceparent",
        ],
        .labelsHistory: [
            "pipeline", "topic", "task", "label", "labels", "scores", "adapter_digest", "abstention_reason", "dtype",
            "evidence",
        ],
        .shadowLabels: [
            "pipeline", "topic", "task", "label", "labels", "scores", "adapter_digest", "champion_digest", "change",
            "dtype",
        ],
        .rejected: ["pipeline", "topic", "stage", "reason", "traceparent"],
        .outbox: ["pipeline", "topic", "kind"],
        .annotations: ["task", "label", "labels", "annotator", "source", "topic"],
    ]

    /// Columns that cannot hold a person's text or key, by what they hold instead.
    private static let holdsOthers: [String: Set<String>] = [
        "names of tasks, states and operators": [
            "adapters.task", "adapters.state", "adapters.promoted_by", "adapters.promotion_reason",
            "promotions.task", "promotions.promoted_by", "promotions.reason",
            "retrainings.task", "retrainings.trigger", "retrainings.verdict", "leases.name", "leases.token",
            "leases.holder", "schema_migrations.name", "schema_migrations.applied_by",
        ],
        "digests": [
            "adapters.digest", "adapters.base_digest", "adapters.parent_digest", "retrainings.champion",
            "retrainings.challenger", "retrainings.training_digest", "promotions.digest",
        ],
        "labels, settings and figures": [
            "adapters.manifest", "adapters.metrics", "adapters.shadow", "adapters.accepted_dtype", "retrainings.reason",
            "retrainings.report",
        ],
        "numbers that were computed from many texts": ["adapters.weights", "adapters.profile"],
        "32 bits of a hash per text, with which forget names adapters": ["adapters.training_rows"],
        "their number, hash, times and ids": ["adapters.training_range"],
    ]

    /// Types of which no value holds a text.
    private static let plainTypes: Set<String> = [
        "integer", "bigint", "double precision", "boolean", "timestamp with time zone",
    ]

    @Test func everyColumnIsDecidedUpon() async throws {
        let database = try await SchemaDatabase.make()
        let rows = try database.sql(
            """
            SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, NULL) AS type
            FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'lorikeet'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'm')
                AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
            """)
        var found: Set<String> = []
        for row in rows where !Self.plainTypes.contains(try row.text("type")) { found.insert(try row.text("name")) }

        let deleted = Self.deletedWithTheirRow.flatMap { table, columns in columns.map { "\(table.rawValue).\($0)" } }
        let groups = [Self.searched, Set(deleted)] + Self.holdsOthers.values
        let decided = groups.reduce(into: Set<String>()) { $0.formUnion($1) }
        #expect(decided.count == groups.reduce(0) { $0 + $1.count }, "a column stands in two groups")
        #expect(found.subtracting(decided).sorted() == [], "may these hold a person's text or key?")
        #expect(decided.subtracting(found).sorted() == [], "these are gone")
        // Whoever finds a row deletes it.
        let tables = Set(ForgottenTable.allCases.map(\.rawValue))
        #expect(Self.searched.allSatisfy { tables.contains(String($0.prefix { $0 != "." })) })
    }

    /// A person's text and key in every column that is searched.
    private func fill(_ database: SchemaDatabase) async throws {
        try database.addRecord(1, text: "kim writes")
        try database.addRecord(2, text: nil)
        try database.sql(
            "UPDATE lorikeet.labels SET text = 'kim writes' WHERE \"offset\" = 2",
            "UPDATE lorikeet.labels_history SET message_key = 'kim'")
        try database.addRejected(3, payload: #"{"text": "kim writes"}"#)
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        let message = Samples.message(
            4, key: Array("kim".utf8), payload: [], headers: [("body", Array("kim writes".utf8))])
        _ = try await sink.store([.rejected(Rejection(message: message, stage: .extract, reason: "no"))])
        await sink.close()
        try database.addToOutbox(1)
        try database.addToOutbox(3, kind: "rejected", from: "rejected")
        try database.addRecord(9, key: "bo", text: "bo writes")
        try database.sql(
            """
            INSERT INTO lorikeet.annotations (task, text, label, topic, "partition", "offset") VALUES
                ('section', 'kim writes', 'games', 'packages', 0, 1),
                ('section', 'kim writes', 'games', NULL, NULL, NULL),
                ('section', 'bo writes', 'games', 'packages', 0, 9)
            """)
    }

    /// Rows of the schema in which this stands, whatever the column.
    private func rows(_ database: SchemaDatabase, with words: [String]) throws -> [String: Int] {
        let tables = try database.sql(
            """
            SELECT relname::text AS name FROM pg_class
            WHERE relnamespace = 'lorikeet'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            """)
        var found: [String: Int] = [:]
        for table in try tables.map({ try $0.text("name") }) {
            let result = try database.sql(
                """
                SELECT count(*) AS n FROM lorikeet.\(table) AS t
                WHERE EXISTS (SELECT FROM unnest($1::text[]) AS w(word) WHERE position(w.word IN t::text) > 0)
                """, with: [.texts(words)])
            let count = Int(try result.first?.integer("n") ?? -1)
            if count != 0 { found[table] = count }
        }
        return found
    }

    @Test(arguments: [true, false]) func nothingIsLeftInAnyColumn(_ isByKey: Bool) async throws {
        let database = try await SchemaDatabase.make()
        try await fill(database)
        // The text as text, as bytes and in base64; the key as bytes, and its hash.
        var words = ["kim writes", hex("kim writes"), "a2ltIHdyaXRlcw=="]
        if isByKey {
            let hash = try database.sql("SELECT encode(sha256('kim'), 'hex') AS hash").first?.text("hash") ?? ""
            words += [hex("kim"), hash]
        }
        let before = try rows(database, with: words)
        #expect(Set(before.keys).isSuperset(of: ["messages", "labels", "rejected", "annotations"]), "\(before)")

        let subject = isByKey ? ForgottenSubject.key(Array("kim".utf8)) : .texts(["kim writes"])
        let forget = PostgresForget(database.settings())
        let records = try await forget.records(of: subject, limit: 100)
        _ = try await forget.forget(records, of: subject, isDryRun: false)
        _ = try await forget.forgetAnnotations(of: subject, isDryRun: false)
        await forget.close()

        #expect(try rows(database, with: words) == [:])
        #expect(try database.offsets("outbox") == [])
        for table in ["messages", "labels", "labels_history", "shadow_labels"] {
            #expect(try database.offsets(table) == [9], "\(table)")
        }
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotations WHERE text = 'bo writes'") == 1)
    }

    /// As PostgreSQL shows bytes.
    private func hex(_ text: String) -> String {
        text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
