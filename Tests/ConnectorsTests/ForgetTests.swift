import AdapterRegistry
import PostgresClient
import Serving
import TestSupport
import Testing
import Training

@testable import Connectors

/// What is left of a person's texts in a real database: nothing.
@Suite(.timeLimit(.minutes(3))) struct ForgetTests {
    private static let tables = ForgottenTable.allCases.map(\.rawValue)

    private func withForget(_ body: (SchemaDatabase, PostgresForget) async throws -> Void) async throws {
        try await SchemaDatabase.with({ PostgresForget($0) }, close: { await $0.close() }, body)
    }

    /// Looks once and deletes what it found.
    private func forget(
        _ subject: ForgottenSubject, _ forget: PostgresForget, isDryRun: Bool = false
    ) async throws -> [ForgottenTable: Int] {
        let records = try await forget.records(of: subject, limit: 1000)
        var rows = try await forget.forget(records, of: subject, isDryRun: isDryRun)
        rows[.annotations, default: 0] += try await forget.forgetAnnotations(of: subject, isDryRun: isDryRun)
        return rows
    }

    /// Kim's records 1 to 3 and Bo's record 9 in every table.
    private func fill(_ database: SchemaDatabase) throws {
        try database.addRecord(1, text: "kim writes")
        try database.addRecord(2, pipeline: "mail", text: "kim writes again")
        try database.addRejected(3, payload: "{\"text\": \"kim writes\"}")
        try database.addRecord(9, key: "bo", text: "bo writes")
        try database.addRejected(10, key: "bo", payload: "{\"text\": \"bo writes\"}")
        for offset in [1, 9] { try database.addToOutbox(offset) }
        try database.sql(
            """
            INSERT INTO lorikeet.annotations (task, text, label, topic, "partition", "offset") VALUES
                ('section', 'kim writes', 'games', 'packages', 0, 1),
                ('section', 'another text at this offset', 'games', 'packages', 0, 1),
                ('section', 'kim writes', 'devel', NULL, NULL, NULL),
                ('section', 'kim writes', 'devel', 'packages', 0, 77),
                ('section', 'bo writes', 'devel', 'packages', 0, 9)
            """)
    }

    private func counts(_ database: SchemaDatabase) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for table in Self.tables { counts[table] = try database.count("SELECT count(*) FROM lorikeet.\(table)") }
        return counts
    }

    private static let keyRows: [ForgottenTable: Int] = [
        .messages: 2, .labels: 2, .labelsHistory: 2, .shadowLabels: 2, .rejected: 1, .outbox: 1, .annotations: 2,
    ]

    @Test func everyRecordOfAKeyIsRemovedFromEveryTable() async throws {
        try await withForget { database, forget in
            try fill(database)
            let before = try counts(database)
            let key = ForgottenSubject.key(Array("kim".utf8))

            #expect(try await self.forget(key, forget, isDryRun: true) == Self.keyRows)
            #expect(try counts(database) == before)
            #expect(try await self.forget(key, forget) == Self.keyRows)

            #expect(try database.offsets("labels") == [9] && database.offsets("messages") == [9])
            #expect(try database.offsets("rejected") == [10] && database.offsets("outbox") == [9])
            // The text at an origin of another life of the topic, and the same words of somebody else, stay.
            #expect(try database.count("SELECT count(*) FROM lorikeet.annotations") == 3)
            // Twice does no harm.
            #expect(try await forget.records(of: key, limit: 10) == [])
            #expect(try await self.forget(key, forget).values.allSatisfy { $0 == 0 })
        }
    }

    @Test func aTextIsRemovedWhereverItIs() async throws {
        try await withForget { database, forget in
            try fill(database)
            try database.sql("UPDATE lorikeet.labels SET text = 'kim writes' WHERE \"offset\" = 2")
            let texts = ForgottenSubject.texts(["kim writes", "never written"])
            let expected: [ForgottenTable: Int] = [
                .messages: 2, .labels: 2, .labelsHistory: 2, .shadowLabels: 2, .rejected: 1, .outbox: 1,
                .annotations: 3,
            ]
            #expect(try await self.forget(texts, forget, isDryRun: true) == expected)
            #expect(try await self.forget(texts, forget) == expected)
            #expect(try database.offsets("labels") == [9] && database.offsets("rejected") == [10])
            #expect(
                try database.count("SELECT count(*) FROM lorikeet.annotations WHERE text = 'kim writes'") == 0)
            #expect(try await self.forget(texts, forget).values.allSatisfy { $0 == 0 })
        }
    }

    /// A rejected record has no text, but a payload that holds one as a whole value.
    @Test(arguments: [
        ("kim's ü/\"\u{1F600}\" \\ text", true), (#"{"a":"kim's ü/\"😀\" \\ text"}"#, true),
        (#"{"a":"kim's \u00fc\/\"\ud83d\ude00\" \\ text"}"#, true), (#"{"a":"kim's ü\/\"😀\" \\ text"}"#, true),
        (#"{"a":"kim's \u00fc/\"\ud83d\ude00\" \\ text"}"#, true),
        (#"{"a":"kim's \u00FC/\"\uD83D\uDE00\" \\ text"}"#, true), (#"{"a":"not kim's ü/\"😀\" \\ text"}"#, false),
        ("kim's ü/\"\u{1F600}\" \\ text, and more", false),
    ])
    func rejectedPayloadsHoldTheTextAsAValue(payload: String, isFound: Bool) async throws {
        try await withForget { database, forget in
            try database.addRejected(1, payload: payload)
            let records = try await forget.records(of: .texts(["kim's ü/\"😀\" \\ text"]), limit: 10)
            #expect(records.count == (isFound ? 1 : 0))
        }
    }

    @Test func stringsOfAvroAreFound() async throws {
        try await withForget { database, forget in
            let long = String(repeating: "kim ", count: 50)
            for (offset, text) in [(Int64(1), "kim"), (2, long)] {
                let length = text.utf8.count * 2
                let prefix = length < 128 ? [UInt8(length)] : [UInt8(length & 0x7F) | 0x80, UInt8(length >> 7)]
                let message = Samples.message(offset, payload: [0, 0, 0, 0, 7] + prefix + Array(text.utf8) + [4, 1])
                let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
                _ = try await sink.store([.rejected(Rejection(message: message, stage: .decode, reason: "no"))])
                await sink.close()
            }
            #expect(try await forget.records(of: .texts(["kim"]), limit: 10).map(\.offset) == [1])
            #expect(try await forget.records(of: .texts([long]), limit: 10).map(\.offset) == [2])
        }
    }

    /// Retention has removed the text: the annotation is found by its origin.
    @Test func annotationsAreFoundWithoutTheText() async throws {
        try await withForget { database, forget in
            try database.addRecord(1, text: nil)
            try database.sql(
                """
                INSERT INTO lorikeet.annotations (task, text, label, topic, "partition", "offset")
                VALUES ('section', 'kim writes', 'games', 'packages', 0, 1)
                """)
            let rows = try await self.forget(.key(Array("kim".utf8)), forget)
            #expect(rows[.annotations] == 1 && rows[.labels] == 1 && rows[.messages] == 0)
        }
    }

    /// Retention has removed every row of the record: what is left is the annotation, which knows a hash of the key.
    @Test func annotationsOutliveTheirRecordAndAreFound() async throws {
        try await withForget { database, forget in
            try database.addRecord(1, text: "kim writes")
            try database.addRecord(2, text: nil)
            try database.addRecord(9, key: "bo", text: "bo writes")
            try database.sql(
                """
                INSERT INTO lorikeet.annotations (task, text, label, topic, "partition", "offset") VALUES
                    ('section', 'kim writes', 'games', 'packages', 0, 1),
                    ('section', 'nobody stored this', 'games', 'packages', 0, 2),
                    ('section', 'of another life of the topic', 'games', 'packages', 0, 1),
                    ('section', 'bo writes', 'games', 'packages', 0, 9)
                """)
            let key = ForgottenSubject.key(Array("kim".utf8))
            let known = "SELECT count(*) FROM lorikeet.annotations WHERE key_hash = sha256('kim')"
            #expect(try database.count(known) == 2)
            #expect(try database.count("SELECT count(*) FROM lorikeet.annotations WHERE key_hash IS NULL") == 1)
            // A row that is counted by its record is not counted by its hash too.
            #expect(try await self.forget(key, forget, isDryRun: true)[.annotations] == 2)

            try database.sql(
                """
                TRUNCATE lorikeet.labels, lorikeet.messages, lorikeet.labels_history, lorikeet.shadow_labels
                """,
                // Rows that are corrected keep their key, unless they are about another record.
                "UPDATE lorikeet.annotations SET topic = topic, label = 'devel'")
            #expect(try database.count(known) == 2)
            #expect(try await forget.records(of: key, limit: 10) == [])
            #expect(try await forget.annotatedTexts(of: key).sorted() == ["kim writes", "nobody stored this"])
            #expect(try await self.forget(key, forget, isDryRun: true)[.annotations] == 2)
            #expect(try await self.forget(key, forget)[.annotations] == 2)
            let texts = try database.sql("SELECT text FROM lorikeet.annotations ORDER BY text")
            #expect(try texts.map { try $0.text("text") } == ["bo writes", "of another life of the topic"])
            try database.sql("UPDATE lorikeet.annotations SET \"offset\" = 3")
            #expect(try database.count("SELECT count(*) FROM lorikeet.annotations WHERE key_hash IS NULL") == 2)
        }
    }

    /// Whoever may annotate need not be able to read labels, and reads no key.
    @Test func anAnnotatorNeedsNoRightToReadLabels() async throws {
        try await withForget { database, _ in
            try database.addRecord(1, text: "kim writes")
            let role = "annotator_\(database.name)"
            try database.sql(
                "CREATE ROLE \(role) LOGIN", "GRANT USAGE ON SCHEMA lorikeet TO \(role)",
                "GRANT INSERT ON lorikeet.annotations TO \(role)")
            let connection = try database.connect(user: role)
            defer { connection.close() }
            try connection.execute(
                """
                INSERT INTO lorikeet.annotations (task, text, label, topic, "partition", "offset")
                VALUES ('section', 'kim writes', 'games', 'packages', 0, 1)
                """)
            let known = "SELECT count(*) FROM lorikeet.annotations WHERE key_hash = sha256('kim')"
            #expect(try database.count(known) == 1)
        }
    }

    /// Of an older version: the migration looks for their keys.
    @Test func annotationsThatAreThereGetTheirKey() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let older = Migration.all.filter { $0.version < Migration.annotatedKeys.version }
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: older)
        try database.addRecord(1, pipeline: "a", key: "bo", text: "bo writes")
        try database.addRecord(1, pipeline: "b", text: "kim writes")
        try database.sql(
            """
            INSERT INTO lorikeet.annotations (task, text, label, topic, "partition", "offset") VALUES
                ('section', 'kim writes', 'games', 'packages', 0, 1), ('section', 'unknown', 'games', NULL, NULL, NULL)
            """)
        try await Schema.migrate(database.settings())
        let known = "SELECT count(*) FROM lorikeet.annotations WHERE key_hash = sha256('kim')"
        #expect(try database.count(known) == 1)
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotations WHERE key_hash IS NULL") == 1)
    }

    /// The record was rejected after it had been relabelled, and its rejected row has been discarded.
    @Test func theHistoryIsFoundWhereNothingElseIsLeft() async throws {
        try await withForget { database, forget in
            try database.addRecord(1, text: nil)
            try database.sql(
                "UPDATE lorikeet.labels_history SET message_key = 'kim'",
                "DELETE FROM lorikeet.labels", "DELETE FROM lorikeet.shadow_labels")
            let rows = try await self.forget(.key(Array("kim".utf8)), forget)
            #expect(rows[.labelsHistory] == 1)
        }
    }

    /// Headers are stored in base64.
    @Test(arguments: [
        ("kim writes", true), (#"{"body":"kim writes"}"#, true), ("kim writes more", false), ("", false),
    ])
    func headersOfRejectedRecordsHoldTheTextAsAValue(value: String, isFound: Bool) async throws {
        try await withForget { database, forget in
            let headers: [(name: String, value: [UInt8]?)] = [("empty", nil), ("body", Array(value.utf8))]
            let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
            let message = Samples.message(1, payload: [], headers: headers)
            _ = try await sink.store([.rejected(Rejection(message: message, stage: .extract, reason: "no"))])
            await sink.close()
            let records = try await forget.records(of: .texts(["kim writes"]), limit: 10)
            #expect(records.map(\.offset) == (isFound ? [1] : []))
        }
    }

    /// A record that was read and not stored yet is stored afterwards; the next run finds it.
    @Test func aTextInFlightIsFoundByTheNextRun() async throws {
        try await withForget { database, forget in
            let key = ForgottenSubject.key(Array("kim".utf8))
            let inFlight = Outcome.labelled(
                LabelledMessage(
                    message: Samples.message(5, key: Array("kim".utf8)), text: "kim writes",
                    labels: [Samples.label("section", "games")]))
            try database.addRecord(1)
            _ = try await self.forget(key, forget)
            #expect(try await forget.records(of: key, limit: 10) == [])
            let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
            _ = try await sink.store([inFlight])
            await sink.close()
            #expect(try await forget.records(of: key, limit: 10).map(\.offset) == [5])
            _ = try await self.forget(key, forget)
            #expect(try database.offsets("labels") == [] && database.offsets("messages") == [])
        }
    }

    @Test func manyRecordsTakeSeveralTransactions() async throws {
        try await withForget { database, forget in
            try database.sql(
                """
                INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", produced_at, task, message_key,
                    label, score, scores, adapter_digest)
                SELECT 'packages', 'packages', 0, n, now(), 'section', 'kim', 'games', 1, '{}', 'd'
                FROM generate_series(1, 1100) AS n
                """)
            let records = try await forget.records(of: .key(Array("kim".utf8)), limit: 2000)
            var parts: [Int] = []
            let rows = try await forget.forget(records, of: .key([]), isDryRun: false) { parts.append($0) }
            #expect(parts == [500, 500, 100] && rows[.labels] == 1100)
        }
    }

    @Test func textsAreReadBeforeTheyAreRemoved() async throws {
        try await withForget { database, forget in
            try database.addRecord(1, text: "kim writes")
            try database.addRecord(2, text: nil)
            let records = try await forget.records(of: .key(Array("kim".utf8)), limit: 10)
            var texts: [String] = []
            #expect(try await forget.forEachText(of: records) { texts += $0 } == 1)
            #expect(texts == ["kim writes"])
        }
    }

    @Test func adaptersSayWhatTheyWereTrainedOn() async throws {
        try await withForget { database, forget in
            let store = PostgresAdapterStore(database.settings())
            let model = try TinyModel.shared.get()
            let hashes = ["kim writes", "bo writes"].map { NormalizedText($0).hash64 }
            let sets: [TrainingRowSet?] = [TrainingRowSet(hashes: hashes), nil]
            for (seed, rows) in zip([UInt64(1), 2], sets) {
                _ = try await store.publish(
                    task: "section", adapter: try model.adapter(labels: ["a", "b"], seed: seed), metrics: [:],
                    parentDigest: nil, trainingRows: rows)
            }
            await store.close()
            var found: [Int: String] = [:]
            try await forget.trainingRows { _, version, state, rows in
                #expect(state == "candidate")
                let isTrained = rows?.contains(hash: NormalizedText(" Kim  writes").hash64)
                found[version] = isTrained.map { "\($0)" } ?? "unknown"
            }
            #expect(found == [1: "true", 2: "unknown"])
        }
    }

    @Test func distilledVersionsAreNamed() async throws {
        try await withForget { database, forget in
            let store = PostgresAdapterStore(database.settings())
            let model = try TinyModel.shared.get()
            for seed in UInt64(1)...2 {
                _ = try await store.publish(
                    task: "section", adapter: try model.adapter(labels: ["a", "b"], seed: seed), metrics: [:],
                    parentDigest: nil, trainingRows: TrainingRowSet(hashes: []))
            }
            await store.close()
            try database.sql(
                """
                INSERT INTO lorikeet.retrainings (task, trigger, challenger_version, report)
                VALUES ('section', 'rows', 1, '{"distillation": null}'),
                    ('section', 'rows', 2, '{"distillation": {"texts": 7, "weight": 4, "temperature": 2}}')
                """)
            #expect(try await forget.distilledVersions().map(\.version) == [2])
        }
    }

    @Test func runningRetrainingsAreNamed() async throws {
        try await withForget { database, forget in
            try database.sql(
                """
                INSERT INTO lorikeet.leases SELECT name, gen_random_uuid(), 'another', now(), now() + age
                FROM (VALUES ('retraining role', interval '1 minute'), ('retraining old', interval '-1 minute'),
                    ('retention packages', interval '1 minute')) AS l(name, age)
                """)
            #expect(try await forget.runningRetrainings() == ["role"])
        }
    }
}
