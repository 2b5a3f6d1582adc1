import FoundationEssentials
import Serving
import Testing

@testable import Connectors

@Suite struct PostgresAnnotationsTests {
    private static func with(_ body: (SchemaDatabase, PostgresAnnotations) async throws -> Void) async throws {
        try await SchemaDatabase.with(PostgresAnnotations.init, close: { await $0.close() }, body)
    }

    /// Labels of the task `noise`, one minute apart.
    private static func insert(_ database: SchemaDatabase, _ rows: [(text: String?, calm: Double)]) throws {
        for (offset, row) in rows.enumerated() {
            let text = row.text.map { "'\($0)'" } ?? "NULL"
            try database.sql(
                """
                INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label, score,
                    scores, adapter_digest, text, labelled_at)
                VALUES ('p', 't', 0, \(offset), 'noise', now(), '\(row.calm < 0.5 ? "loud" : "calm")', 0.5,
                    '{"calm": \(row.calm), "loud": \(1 - row.calm)}', 'd', \(text),
                    timestamptz '2026-01-01 00:00Z' + \(offset) * interval '1 minute')
                """)
        }
    }

    private static func answer(
        _ text: String, _ label: String, annotator: String? = "kim", at time: Date? = nil
    ) -> AnnotationAnswer {
        AnnotationAnswer(
            text: text, labels: [label], isSet: false, annotator: annotator,
            origin: Origin(topic: "t", partition: 0, offset: 7), answeredAt: time)
    }

    @Test func theViewBeginsWithTheLeastCertainText() async throws {
        try await Self.with { database, _ in
            try Self.insert(database, [("sure", 0.99), ("torn", 0.5), (nil, 0.5), ("torn less", 0.4), ("known", 0.5)])
            try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'known', 'calm')")
            try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('other', 'torn', 'calm')")
            let rows = try database.sql("SELECT text, margin FROM lorikeet.annotation_queue")
            #expect(try rows.map { try $0.text("text") } == ["torn", "torn less", "sure"])
            #expect(try rows.map { try ($0.double("margin") * 100).rounded() } == [0, 20, 98])
        }
    }

    @Test func setsAreAsUncertainAsTheirLeastCertainLabel() async throws {
        try await Self.with { database, _ in
            for (offset, scores) in [#"{"a": 0.99, "b": 0.45}"#, #"{"a": 0.99, "b": 0.01}"#].enumerated() {
                try database.sql(
                    """
                    INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, labels,
                        score, scores, adapter_digest, text)
                    VALUES ('p', 't', 0, \(offset), 'tags', now(), '{a}', 0.99, '\(scores)', 'd', 'text \(offset)')
                    """)
            }
            let rows = try database.sql("SELECT margin FROM lorikeet.annotation_queue")
            #expect(try rows.map { try ($0.double("margin") * 100).rounded() } == [10, 98])
        }
    }

    @Test func theWindowIsThatOfTheNewestLabels() async throws {
        try await Self.with { database, annotations in
            try Self.insert(database, (0..<10).map { ("text \($0)", 0.5) } + [(nil, 0.5)])
            let window = try await annotations.window(task: "noise", limit: 4, since: nil)
            #expect(window.rows == 4 && window.texts == 3)
            let texts = try await annotations.unlabelled(window, urgent: false, labels: [], limit: 100)
            #expect(Set(texts.map(\.text)) == ["text 7", "text 8", "text 9"])
            #expect(texts.first?.scores == [.init(label: "calm", score: 0.5), .init(label: "loud", score: 0.5)])
            #expect(texts.first?.origin.topic == "t")
            let since = Date(timeIntervalSince1970: 1_767_225_600 + 9 * 60)
            #expect(try await annotations.window(task: "noise", limit: 100, since: since).rows == 2)
            #expect(try await annotations.window(task: "none", limit: 100, since: nil).rows == 0)
            let counts = try await annotations.labelCounts(
                try await annotations.window(task: "noise", limit: 100, since: nil))
            #expect(counts == [LabelShareCount(label: "calm", older: 6, newer: 5)])
        }
    }

    @Test func textsOfSomeLabelsAreUrgentAndEachTextOccursOnce() async throws {
        try await Self.with { database, annotations in
            try Self.insert(database, [("a", 0.9), ("a", 0.9), ("b", 0.1), ("c", 0.6)])
            let window = try await annotations.window(task: "noise", limit: 100, since: nil)
            let urgent = try await annotations.unlabelled(window, urgent: true, labels: ["calm"], limit: 100)
            #expect(urgent.map(\.text) == ["c", "a"])
            let others = try await annotations.unlabelled(window, urgent: false, labels: ["calm"], limit: 100)
            #expect(others.map(\.text) == ["b"])
        }
    }

    @Test func anAnswerThatIsAddedAgainIsOneRow() async throws {
        try await Self.with { database, annotations in
            let noon = Date(timeIntervalSince1970: 1_769_860_800.25)
            let answers = [
                Self.answer("chess", "games"), Self.answer("chess", "games", annotator: "robin"),
                Self.answer("chess", "games", annotator: nil), Self.answer("go", "games", at: noon),
            ]
            #expect(try await annotations.add(answers, task: "section", source: "test") == 4)
            #expect(try await annotations.add(answers, task: "section", source: "test") == 0)
            #expect(try await annotations.add([Self.answer("chess", "games")], task: "other", source: "test") == 1)
            // Another time is another answer.
            let later = Self.answer("go", "games", at: noon.addingTimeInterval(1))
            #expect(try await annotations.add([later, later], task: "section", source: "test") == 1)
            let row = try database.sql(
                """
                SELECT annotator, source, topic, "partition", "offset", extract(epoch FROM answered_at)::float8 AS time,
                    extract(epoch FROM now() - created_at)::float8 AS age
                FROM lorikeet.annotations WHERE text = 'go' ORDER BY created_at
                """
            ).first
            #expect(try row?.text("annotator") == "kim" && row?.text("source") == "test")
            #expect(try row?.text("topic") == "t" && row?.integer("offset") == 7)
            #expect(try row?.double("time") == 1_769_860_800.25)
            // A retraining counts the rows that were added since the last one, whenever they were answered.
            #expect(try abs(#require(try row?.double("age"))) < 600)
        }
    }

    /// Without times, the newest answer of an annotator counts: who changes the mind and changes it back has said three
    /// things.
    @Test func anAnnotatorMayChangeTheMind() async throws {
        try await Self.with { database, annotations in
            for label in ["games", "devel", "devel", "games"] {
                _ = try await annotations.add([Self.answer("chess", label)], task: "section", source: "test")
            }
            let rows = try database.sql("SELECT label FROM lorikeet.annotations ORDER BY created_at, id")
            #expect(try rows.map { try $0.text("label") } == ["games", "devel", "games"])
        }
    }

    @Test func setsAreKeptAndTheEmptySetIsOne() async throws {
        try await Self.with { database, annotations in
            let answers = [["a", "b"], []].enumerated().map { place, labels in
                AnnotationAnswer(
                    text: "text \(place)", labels: labels, isSet: true, annotator: "kim", origin: nil, answeredAt: nil)
            }
            #expect(try await annotations.add(answers, task: "tags", source: "test") == 2)
            #expect(try await annotations.add(answers, task: "tags", source: "test") == 0)
            let rows = try database.sql("SELECT labels FROM lorikeet.annotations ORDER BY text")
            #expect(try rows.map { try $0.texts("labels") } == [["a", "b"], []])
        }
    }

    @Test func importsAtOnceAddAnAnswerOnce() async throws {
        try await Self.with { database, _ in
            let answers = (0..<20).map { Self.answer("text \($0)", "games") }
            let added = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let annotations = PostgresAnnotations(database.settings())
                        let added = try await annotations.add(answers, task: "section", source: "test")
                        await annotations.close()
                        return added
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(added == 20)
            #expect(try database.count("SELECT count(*) FROM lorikeet.annotations") == 20)
        }
    }

    @Test func allTextsOfATaskArePassedOn() async throws {
        try await Self.with { database, annotations in
            try database.sql(
                """
                INSERT INTO lorikeet.annotations (task, text, label)
                SELECT CASE WHEN n % 3 = 0 THEN 'other' ELSE 'section' END, 'text ' || n, 'a'
                FROM generate_series(1, 9000) AS n
                """)
            let (pages, page) = AsyncStream.makeStream(of: [String].self)
            try await annotations.forEachText(task: "section") { page.yield($0) }
            page.finish()
            let texts = await pages.reduce(into: []) { $0 += $1 }
            #expect(texts.count == 6000 && Set(texts).count == 6000)
        }
    }

    @Test func theDaemonsRoleReadsTheQueueAndAddsNothing() async throws {
        let database = try await SchemaDatabase.make()
        let annotations = PostgresAnnotations(database.settings(user: try await database.makeDaemonRole()))
        try Self.insert(database, [("torn", 0.5)])
        let window = try await annotations.window(task: "noise", limit: 10, since: nil)
        #expect(try await annotations.unlabelled(window, urgent: false, labels: [], limit: 10).count == 1)
        let error = await #expect(throws: ConnectorError.self) {
            try await annotations.add([Self.answer("torn", "calm")], task: "noise", source: "test")
        }
        #expect(error?.cause == "42501", "insufficient privilege")
        await annotations.close()
    }

    /// A daemon whose role was granted its privileges before there was a queue need not be granted more.
    @Test func rolesThatReadLabelsReadTheQueueAfterAnUpgrade() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let earlier = Migration.all.filter { $0.version < Migration.annotationQueue.version }
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: earlier)
        let role = "\"Reader of \(database.name)\""
        try database.sql("CREATE ROLE \(role)")
        try database.sql("GRANT SELECT ON lorikeet.labels TO PUBLIC, \(role)")
        try await Schema.migrate(database.settings())
        let readers = try database.count(
            """
            SELECT count(*) FROM pg_class AS c, aclexplode(c.relacl) AS a
            WHERE c.oid = 'lorikeet.annotation_queue'::regclass AND a.privilege_type = 'SELECT'
                AND a.grantee IN (0, '\(role)'::regrole)
            """)
        #expect(readers == 2)
    }
}
