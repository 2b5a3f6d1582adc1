import Foundation
import Retraining
import Serving
import TestSupport
import Testing

@testable import Connectors

/// Rows of a SELECT of the user's own, against a real server.
@Suite struct LabelledRowQueryTests {
    /// A database with a table of a user's own, and the rows that a query reads.
    private func with(_ statements: String..., body: (SchemaDatabase, Reader) async throws -> Void) async throws {
        try await SchemaDatabase.with({ $0 }, close: { _ in }) { database, settings in
            try database.sql(
                "CREATE TABLE public.tickets (id bigint, body text, urgency text, tags text[], seen timestamptz)")
            for statement in statements { try database.sql(statement) }
            try await body(database, Reader(settings: settings))
        }
    }

    private struct Reader {
        let settings: PostgresSettings

        func source(_ query: String?, since: Duration? = nil, maximumRows: Int = 100) -> PostgresLabelledRowSource {
            let selection = LabelledRowSelection(query: query, since: since, maximumRows: maximumRows)
            return PostgresLabelledRowSource(settings, selection: selection)
        }

        func rows(_ query: String?, since: Duration? = nil, limit: Int = 100) async throws -> [LabelledRow] {
            let source = source(query, since: since)
            do {
                let rows = try await source.rows(task: "urgency", limit: limit)
                await source.close()
                return rows
            } catch {
                await source.close()
                throw error
            }
        }

        /// Why a query is refused, by reading, counting and planning alike.
        func refusal(_ query: String) async -> String? {
            let error = await #expect(throws: ConnectorError.self) { try await rows(query) }
            #expect(error?.action == .stop)
            let source = source(query)
            let planning = await #expect(throws: ConnectorError.self) { try await source.plan(task: "urgency") }
            let counting = await #expect(throws: ConnectorError.self) {
                try await source.newRows(task: "urgency")
            }
            await source.close()
            #expect(planning?.reason.hasPrefix("retrain.query: ") == true)
            #expect(counting?.reason.hasPrefix("retrain.query: ") == true)
            return error?.reason
        }
    }

    private static let insert = """
        INSERT INTO public.tickets (id, body, urgency, tags, seen) VALUES
            (7, 'printer on fire', 'high', '{hardware,fire}', '2024-01-02 00:00Z'),
            (5, 'new mouse', 'low', '{}', '2024-01-01 00:00Z'), (9, 'no network', 'high', NULL, '2024-01-03 00:00Z')
        """

    @Test func rowsComeOldestFirstWithWhatTheQueryGives() async throws {
        try await with(Self.insert) { _, reader in
            let rows = try await reader.rows(
                """
                SELECT id, body AS text, urgency AS label, seen AS time, 'kim' AS annotator, 'draft:' || id AS source
                FROM public.tickets WHERE $1 = 'urgency' ;
                """)
            #expect(rows.map(\.text) == ["new mouse", "printer on fire", "no network"])
            #expect(rows.map(\.label) == ["low", "high", "high"] && rows.map(\.id) == [5, 7, 9])
            #expect(rows.allSatisfy { $0.annotator == "kim" && $0.isDraft && $0.defect == nil && !$0.isSet })
            #expect(rows.first?.createdAt == Date(timeIntervalSince1970: 1_704_067_200))
            let newest = try await reader.rows(
                "SELECT body AS text, urgency AS label, seen AS time FROM tickets -- all of them", limit: 2)
            #expect(newest.map(\.text) == ["printer on fire", "no network"])
            #expect(Set(newest.map(\.id)).count == 2 && newest.allSatisfy { $0.source == nil })
            #expect(try await reader.rows("SELECT '' AS text, '' AS label, now() AS time WHERE $1 = 'role'").isEmpty)
        }
    }

    @Test func labelsMayBeOfAnyTypeThatSaysThem() async throws {
        try await with(Self.insert) { _, reader in
            func labels(_ expression: String, _ column: String = "label") async throws -> [[String]] {
                try await reader.rows(
                    "SELECT 'x' AS text, \(expression) AS \(column), date '2024-01-01' AS time"
                ).map(\.labels)
            }
            #expect(try await labels("3") == [["3"]])
            #expect(try await labels("true") == [["true"]])
            #expect(try await labels("jsonb '\"high\"'") == [["high"]])
            #expect(try await labels("json '[\"a\", \"b\"]'", "labels") == [["a", "b"]])
            #expect(try await labels("ARRAY['a', 'b']", "labels") == [["a", "b"]])
            #expect(try await labels("'{}'::text[]", "labels") == [[]])
            let sets = try await reader.rows(
                "SELECT body AS text, tags AS labels, seen::timestamp AS time FROM tickets WHERE tags IS NOT NULL")
            #expect(sets.map(\.labels) == [[], ["hardware", "fire"]] && sets.allSatisfy(\.isSet))
            let both = try await reader.rows(
                "SELECT body AS text, urgency AS label, tags AS labels, seen AS time FROM tickets LIMIT 1")
            #expect(both.map(\.labels) == [["high"]])
        }
    }

    @Test func whatARowLacksIsCountedAndNotFatal() async throws {
        try await with { _, reader in
            let query = """
                SELECT * FROM (VALUES
                    (NULL, jsonb '"a"', timestamptz '2024-01-02Z'), ('no label', NULL, '2024-01-03Z'),
                    ('null', 'null', '2024-01-04Z'), ('a null within', '["a", null]', '2024-01-05Z'),
                    ('an object', '{"a": 1}', '2024-01-06Z'), ('nested', '[["a"]]', '2024-01-07Z'),
                    ('no time', '"a"', NULL), ('never', '"a"', '-infinity'), ('right', '"a"', '2024-01-08Z')
                ) AS v(text, label, time)
                """
            let rows = try await reader.rows(query)
            #expect(rows.count == 9 && rows.last?.text == "right" && rows.last?.defect == nil)
            func count(_ defect: LabelledRow.Defect) -> Int { rows.count { $0.defect == defect } }
            #expect(count(.withoutText) == 1 && count(.withoutLabel) == 3)
            #expect(count(.wrongType) == 2 && count(.withoutTime) == 2)
            let source = reader.source(query)
            let census = LabelCensus(
                try await source.labelGroups(task: "urgency"), labels: ["a", "b"], isMultiLabel: false)
            await source.close()
            #expect(census.summary.empty == 1 && census.summary.withoutLabel == 3 && census.summary.wrongType == 2)
            #expect(census.summary.withoutTime == 1 && census.rows == ["a": 2, "b": 0])
        }
    }

    // MARK: - Refusals

    @Test func aSelectThatWritesIsRefusedAndChangesNothing() async throws {
        let function = """
            CREATE FUNCTION public.taking() RETURNS SETOF public.tickets LANGUAGE sql AS
            'DELETE FROM public.tickets RETURNING *'
            """
        try await with(Self.insert, function) { database, reader in
            let select = "body AS text, urgency AS label, seen AS time"
            let taking = await #expect(throws: ConnectorError.self) {
                try await reader.rows("SELECT \(select) FROM public.taking()")
            }
            #expect(taking?.action == .stop)
            #expect(taking?.reason.hasPrefix("retrain.query: it changes data, but runs in a read-only") == true)
            let gone = await reader.refusal(
                "WITH gone AS (DELETE FROM tickets RETURNING *) SELECT \(select) FROM gone")
            #expect(gone == "retrain.query: WITH that changes data is refused")
            let delete = await reader.refusal("DELETE FROM tickets RETURNING \(select)")
            #expect(delete?.hasPrefix("retrain.query: must be one SELECT") == true)
            _ = await reader.refusal("SELECT \(select) FROM tickets; DELETE FROM tickets")
            // Nor can it leave the read-only transaction.
            let leaving = await #expect(throws: ConnectorError.self) {
                try await reader.rows(
                    "SELECT \(select), set_config('transaction_read_only', 'off', true) AS source FROM tickets")
            }
            #expect(leaving?.action == .stop)
            try database.sql("CREATE SEQUENCE public.counter")
            let counting = await #expect(throws: ConnectorError.self) {
                try await reader.rows("SELECT \(select), nextval('public.counter') AS id FROM tickets")
            }
            #expect(counting?.reason.hasPrefix("retrain.query: it changes data, but runs in a read-only") == true)
            let left = try database.count("SELECT count(*) FROM public.tickets")
            #expect(left == 3)
        }
    }

    @Test func missingColumnsAndWrongTypesAreNamed() async throws {
        try await with { _, reader in
            #expect(
                await reader.refusal("SELECT body, urgency, seen FROM tickets")
                    == "retrain.query: no column text, no column time, no column label or labels; "
                    + "the columns are body, seen, urgency")
            #expect(
                await reader.refusal("SELECT body AS text, urgency AS label, seen::text AS time FROM tickets")
                    == "retrain.query: column time is of type text; cast it, as in created::timestamptz AS time")
            #expect(await reader.refusal("SELECT * FROM nowhere")?.contains("nowhere") == true)
            #expect(await reader.refusal("SELEKT 1")?.contains("must be one SELECT") == true)
            #expect(await reader.refusal("")?.contains("must be one SELECT") == true)
        }
    }

    @Test func aValueThatCannotBeConvertedIsNotShown() async throws {
        try await with(Self.insert) { _, reader in
            let error = await #expect(throws: ConnectorError.self) {
                try await reader.rows("SELECT body AS text, body::int AS label, seen AS time FROM tickets")
            }
            #expect(error?.reason == "retrain.query: a value of a row cannot be converted [SQLSTATE 22P02]")
        }
    }

    /// As a role that reads the labels, but not their texts.
    @Test func aRoleThatMayNotReadATableIsTold() async throws {
        try await with { database, _ in
            let role = try await database.makeDaemonRole()
            try database.sql("REVOKE SELECT ON lorikeet.labelled_texts FROM \(role)")
            let reason = await Reader(settings: database.settings(user: role)).refusal(
                "SELECT text, label, labelled_at AS time FROM lorikeet.labelled_texts")
            let expected = "retrain.query: the role that the daemon connects as may not run it: permission denied"
            #expect(reason?.hasPrefix(expected) == true, "\(reason ?? "")")
            #expect(reason?.contains("labelled_texts") == true)
        }
    }

    // MARK: - Windows

    @Test func manyRowsComeInPiecesAndOnlyTheNewest() async throws {
        try await with { _, reader in
            let query = """
                SELECT 'text ' || i AS text, 'a' AS label, timestamptz '2024-01-01Z' + i * interval '1 second' AS time
                FROM generate_series(1, 2500) AS i
                """
            let rows = try await reader.rows(query, limit: 2300)
            #expect(rows.count == 2300 && rows.first?.text == "text 201" && rows.last?.text == "text 2500")
            #expect(try await reader.rows(query, limit: 1000).count == 1000)
            #expect(try await reader.rows(query, limit: 0).isEmpty)
        }
    }

    /// What is older than the newest rows stays on the server, whose sort keeps no more of them either.
    @Test func ofAMillionRowsOnlyTheNewestComeOver() async throws {
        try await with { _, reader in
            let query = """
                SELECT 'text ' || i AS text, 'label ' || i % 2 AS label,
                    timestamptz '2001-01-01Z' + i * interval '1 second' AS time
                FROM generate_series(1, 1000000) AS i
                """
            let source = reader.source(query, maximumRows: 3000)
            let rows = try await source.rows(task: "urgency", limit: 3000)
            #expect(rows.count == 3000 && rows.first?.text == "text 997001" && rows.last?.text == "text 1000000")
            #expect(try await source.labelGroups(task: "urgency").map(\.rows) == [1500, 1500])
            #expect(try await source.newRows(task: "urgency") == 1_000_000)
            #expect(try await source.plan(task: "urgency").contains("Limit"))
            await source.close()
        }
    }

    /// The rows of the table come in the order of its index: nothing is sorted, however many there are.
    @Test func manyAnnotationsAreNotSorted() async throws {
        let annotate = """
            INSERT INTO lorikeet.annotations (task, text, label, created_at)
            SELECT 'urgency', 'text ' || i, 'a', timestamptz '2001-01-01Z' + i * interval '1 second'
            FROM generate_series(1, 20000) AS i
            """
        try await with(annotate, "ANALYZE lorikeet.annotations") { _, reader in
            let source = reader.source(nil)
            let plan = try await source.plan(task: "urgency")
            await source.close()
            #expect(plan.contains("Index Scan Backward") && !plan.contains("Sort"), "\(plan)")
        }
    }

    @Test func sinceLeavesOldRowsOut() async throws {
        let annotate = """
            INSERT INTO lorikeet.annotations (task, text, label, created_at) VALUES
                ('urgency', 'old', 'a', now() - interval '91 days'),
                ('urgency', 'young', 'a', now() - interval '89 days')
            """
        try await with(annotate) { database, reader in
            let window = Duration.seconds(90 * 86400)
            #expect(try await reader.rows(nil).count == 2)
            #expect(try await reader.rows(nil, since: window).map(\.text) == ["young"])
            let query = "SELECT text, label, created_at AS time FROM lorikeet.annotations WHERE task = $1"
            #expect(try await reader.rows(query, since: window).map(\.text) == ["young"])
            for source in [reader.source(nil, since: window), reader.source(query, since: window)] {
                #expect(try await source.newRows(task: "urgency") == 1)
                let groups = try await source.labelGroups(task: "urgency")
                #expect(groups.map(\.rows) == [1])
                let all = try await source.labelGroups(tasks: ["role", "urgency"])
                #expect(all["urgency"] == groups && all["role"]?.isEmpty != false)
                await source.close()
            }
        }
    }

    @Test func newRowsAreCountedWhereTheyAreRead() async throws {
        try await with(Self.insert) { database, reader in
            let source = reader.source("SELECT body AS text, urgency AS label, seen AS time FROM tickets")
            let annotations = reader.source(nil)
            #expect(try await annotations.newRows(task: "urgency") == 0)
            #expect(try await source.newRows(task: "urgency") == 3)
            let id = try await source.begin(task: "urgency", trigger: .rows, champion: nil)
            try await source.finish(id, verdict: .rejected, reason: "", rowsUsed: 3, challenger: nil)
            #expect(try await source.newRows(task: "urgency") == 0)
            try database.sql("INSERT INTO tickets (body, urgency, seen) VALUES ('x', 'low', clock_timestamp())")
            #expect(try await source.newRows(task: "urgency") == 1)
            // As after a clock that jumped: such a row would count as new for ever.
            try database.sql("INSERT INTO tickets (body, urgency, seen) VALUES ('x', 'low', now() + interval '1 day')")
            #expect(try await source.newRows(task: "urgency") == 1)
            await source.close()
            await annotations.close()
        }
    }

    @Test func annotationsHaveAnnotatorAndSource() async throws {
        let annotate = """
            INSERT INTO lorikeet.annotations (task, text, label, labels, annotator, source) VALUES
                ('urgency', 'a', 'high', NULL, 'kim', 'form'), ('urgency', 'b', NULL, '{high,NULL}', NULL, 'draft')
            """
        try await with(annotate) { _, reader in
            let rows = try await reader.rows(nil)
            #expect(rows.map(\.annotator) == ["kim", nil] && rows.map(\.source) == ["form", "draft"])
            #expect(rows.map(\.defect) == [nil, .withoutLabel])
        }
    }

    @Test func aNewerRowOfATextReplacesTheOthers() async throws {
        let annotate = """
            INSERT INTO lorikeet.annotations (task, text, label, source, created_at) VALUES
                ('urgency', 'one', 'High', NULL, '2024-01-01Z'), ('urgency', ' ONE', 'high', NULL, '2024-01-02Z'),
                ('urgency', 'two', 'High', NULL, '2024-01-01Z'), ('urgency', 'two', 'high', 'draft', '2024-01-02Z'),
                ('urgency', 'three', 'high', NULL, '2024-01-01Z'), ('urgency', 'three', 'High', NULL, '2024-01-02Z'),
                ('urgency', ' ', 'low', NULL, '2024-01-01Z'), ('urgency', '', 'low', NULL, '2024-01-02Z')
            """
        let query = "SELECT text, label, source, created_at AS time FROM lorikeet.annotations WHERE task = $1"
        try await with(annotate) { _, reader in
            for source in [reader.source(nil), reader.source(query)] {
                let groups = try await source.labelGroups(task: "urgency")
                await source.close()
                let summary = LabelCensus(groups, labels: ["low", "high"], isMultiLabel: nil).summary
                #expect(summary.unknownLabels == ["High": 2] && summary.corrected == 1 && summary.empty == 2)
                #expect(summary.read == 8)
            }
        }
    }

    @Test func rowsAreCountedByLabel() async throws {
        let annotate = """
            INSERT INTO lorikeet.annotations (task, text, label)
            SELECT 'urgency', CASE i WHEN 1 THEN ' ' ELSE 'text ' || i END, CASE WHEN i <= 10 THEN 'High' ELSE 'low' END
            FROM generate_series(1, 15) AS i
            """
        try await with(annotate) { _, reader in
            let source = reader.source(nil)
            let census = LabelCensus(
                try await source.labelGroups(task: "urgency"), labels: ["low", "high"], isMultiLabel: nil)
            await source.close()
            #expect(census.rows == ["low": 5, "high": 0])
            #expect(census.summary.unusableKinds[.letterCase] == 9 && census.summary.empty == 1)
            #expect(census.description.unknownLabels == "\"High\": 9, the task has \"high\"")
        }
    }
}
