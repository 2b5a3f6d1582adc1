import Connectors
import PostgresClient
import Serving
import Testing

@testable import Connectors

@Suite struct SchemaTests {
    @Test func migrationMakesEveryTableWithItsComment() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        #expect(try await Schema.version(database.settings()) == 0)

        let change = try await Schema.migrate(database.settings())

        #expect(change == SchemaChange(before: 0, after: Schema.expectedVersion))
        #expect(try await Schema.version(database.settings()) == Schema.expectedVersion)
        let rows = try database.sql(
            "SELECT relname::text AS name, obj_description(oid, 'pg_class') AS text FROM pg_class "
                + "WHERE relnamespace = 'lorikeet'::regnamespace AND relkind = 'r' ORDER BY relname")
        #expect(
            try rows.map { try $0.text("name") } == [
                "adapter_changes", "adapters", "annotations", "labels", "labels_history", "leases", "messages",
                "outbox", "promotions", "rejected", "retrainings", "schema_migrations", "shadow_labels",
            ])
        for row in rows { #expect(try row.optionalText("text")?.isEmpty == false) }
    }

    @Test func keysAreThoseOfTheOrigin() async throws {
        let database = try await SchemaDatabase.make()
        func key(_ table: String) throws -> [String?] {
            try database.sql(
                """
                SELECT array_agg(a.attname::text ORDER BY k.place) AS names
                FROM pg_index AS i, unnest(i.indkey) WITH ORDINALITY AS k(number, place), pg_attribute AS a
                WHERE i.indrelid = 'lorikeet.\(table)'::regclass AND i.indisprimary
                    AND a.attrelid = i.indrelid AND a.attnum = k.number
                """
            ).first?.texts("names") ?? []
        }
        #expect(try key("labels") == ["pipeline", "topic", "partition", "offset", "task", "produced_at"])
        #expect(try key("shadow_labels") == key("labels"))
        #expect(try key("messages") == ["pipeline", "topic", "partition", "offset", "produced_at"])
        #expect(try key("rejected") == ["pipeline", "topic", "partition", "offset", "produced_at"])
        #expect(try key("adapters") == ["task", "version"])
    }

    @Test func migratingAgainChangesNothing() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('section', 'chess', 'games')")

        let change = try await Schema.migrate(database.settings())

        #expect(change == SchemaChange(before: Schema.expectedVersion, after: Schema.expectedVersion))
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotations") == 1)
        #expect(try database.count("SELECT count(*) FROM lorikeet.schema_migrations") == Schema.expectedVersion)
    }

    @Test func manyStartersMigrateOnce() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let changes = try await withThrowingTaskGroup(of: SchemaChange.self) { group in
            for _ in 0..<6 { group.addTask { try await Schema.migrate(database.settings()) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(changes.filter { $0.before == 0 }.count == 1)
        #expect(changes.allSatisfy { $0.after == Schema.expectedVersion })
        #expect(try database.count("SELECT count(*) FROM lorikeet.schema_migrations") == Schema.expectedVersion)
    }

    @Test func laterStepsFollowTheFirst() async throws {
        let database = try await SchemaDatabase.make()
        let later = Migration(
            version: Schema.expectedVersion + 1, name: "one more",
            statements: ["ALTER TABLE lorikeet.annotations ADD COLUMN weight double precision"])

        let change = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: Migration.all + [later])

        #expect(change == SchemaChange(before: Schema.expectedVersion, after: Schema.expectedVersion + 1))
        try database.sql(
            "INSERT INTO lorikeet.annotations (task, text, label, weight) VALUES ('section', 'chess', 'games', 2)")
    }

    /// The rows of older versions say nothing of a type; they stay as they are.
    @Test func rowsOfOlderVersionsHaveNoType() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let older = Migration.all.filter { $0.version < Migration.precision.version }
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: older)
        try database.sql(
            """
            INSERT INTO lorikeet.labels (
                pipeline, topic, "partition", "offset", task, produced_at, label, score, scores, abstained,
                adapter_digest, text)
            VALUES ('packages', 'packages', 0, 1, 'section', now(), 'games', 1, '{}', false, 'd', 'chess')
            """)
        try await Schema.migrate(database.settings())
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        _ = try await sink.store([Samples.labelled(2)])
        await sink.close()
        let rows = try database.sql("SELECT dtype, label FROM lorikeet.labels ORDER BY \"offset\"")
        #expect(try rows.map { try $0.optionalText("dtype") } == [nil, "float32"])
        #expect(try rows.map { try $0.text("label") } == ["games", "games"])
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotation_queue") == 2)
    }

    /// Of the time before, the last promotion of each version is known.
    @Test func promotionsOfOlderVersionsAreKept() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let older = Migration.all.filter { $0.version < Migration.promotions.version }
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: older)
        try database.sql(
            """
            INSERT INTO lorikeet.adapters (task, version, digest, base_digest, state, manifest, weights, promoted_at,
                succession, promotion_reason)
            VALUES ('s', 1, repeat('a', 64), 'b', 'live', '{}', '', now(), 1, 'won'),
                ('s', 2, repeat('c', 64), 'b', 'candidate', '{}', '', NULL, NULL, NULL)
            """)
        try await Schema.migrate(database.settings())
        let rows = try database.sql("SELECT version::bigint AS version, reason FROM lorikeet.promotions")
        #expect(try rows.map { try $0.integer("version") } == [1])
        #expect(try rows.map { try $0.text("reason") } == ["won"])
    }

    /// PostgreSQL alters no column that a view reads.
    @Test func laterStepsMayAlterWhatTheQueueReads() async throws {
        let database = try await SchemaDatabase.make()
        let role = "Annotator of \(database.name)"
        try database.sql("CREATE ROLE \"\(role)\"", "GRANT SELECT ON lorikeet.annotation_queue TO \"\(role)\"")
        let later = Migration(
            version: Schema.expectedVersion + 1, name: "wider",
            statements: ["ALTER TABLE lorikeet.labels ALTER COLUMN score TYPE numeric"])
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: Migration.all + [later])
        let queue = "has_table_privilege('\(role)', 'lorikeet.annotation_queue', 'SELECT')"
        #expect(try database.count("SELECT \(queue)::int") == 1)
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotation_queue") == 0)
    }

    @Test func aMigrationCreatesTheQueueThatAUserDropped() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql(
            "DROP VIEW lorikeet.annotation_queue, lorikeet.labelled_texts",
            "ALTER TABLE lorikeet.labels ALTER COLUMN score TYPE numeric")
        try await Schema.migrate(database.settings())
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotation_queue") == 0)
    }

    /// What a later step, or a user, adds to the labels can be read beside the text.
    @Test func labelledTextsHasEveryColumnOfTheLabels() async throws {
        let database = try await SchemaDatabase.make()
        func columns(_ relation: String) throws -> [String] {
            try database.sql(
                """
                SELECT attname || ' ' || format_type(atttypid, atttypmod) AS c FROM pg_attribute
                WHERE attrelid = 'lorikeet.\(relation)'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
                """
            ).map { try $0.text("c") }
        }
        #expect(try columns("labelled_texts") == columns("labels"))
        let uncommented = "col_description('lorikeet.labelled_texts'::regclass, attnum) IS NULL"
        #expect(
            try database.count(
                "SELECT count(*) FROM pg_attribute WHERE attrelid = 'lorikeet.labelled_texts'::regclass "
                    + "AND attnum > 0 AND \(uncommented)") == 0)
        let later = Migration(
            version: Schema.expectedVersion + 1, name: "one more",
            statements: ["ALTER TABLE lorikeet.labels ADD COLUMN weight double precision, DROP COLUMN dtype CASCADE"])
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: Migration.all + [later])
        #expect(try columns("labelled_texts") == columns("labels"))
        #expect(try columns("labelled_texts").last == "weight double precision")
    }

    /// A view of a user's own keeps the view that it reads, which then gets what a later step adds.
    @Test func viewsOverLabelledTextsAreNotDropped() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql("CREATE VIEW public.mine AS SELECT text, task FROM lorikeet.labelled_texts")
        let later = Migration(
            version: Schema.expectedVersion + 1, name: "one more",
            statements: ["ALTER TABLE lorikeet.labels ADD COLUMN weight double precision"])
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: Migration.all + [later])
        #expect(try database.count("SELECT count(*) FROM public.mine") == 0)
        #expect(try database.count("SELECT count(weight) FROM lorikeet.labelled_texts") == 0)
    }

    /// Without the texts, a look at the labels costs what it costs without the view.
    @Test func labelledTextsWithoutTheTextReadsNoMessages() async throws {
        let database = try await SchemaDatabase.make()
        func plan(_ columns: String) throws -> String {
            try database.sql("EXPLAIN SELECT \(columns) FROM lorikeet.labelled_texts").map {
                try $0.text("QUERY PLAN")
            }.joined(separator: "\n")
        }
        #expect(try plan("task, label").contains("messages") == false)
        #expect(try plan("task, text").contains("messages"))
    }

    /// An upgrade asks for no other grant: who reads or writes the labels does the same with their texts.
    @Test func rolesOfTheVersionBeforeReadAndWriteTexts() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let older = Migration.all.filter { $0.version < Migration.messages.version }
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: older)
        let (writer, reader) = ("writer_\(database.name)", "reader_\(database.name)")
        try database.sql(
            "CREATE ROLE \(writer)", "CREATE ROLE \(reader)", "GRANT SELECT ON lorikeet.labels TO \(reader)",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON lorikeet.labels TO \(writer)")
        try await Schema.migrate(database.settings())
        func may(_ role: String, _ privilege: String, _ relation: String) throws -> Bool {
            try database.count("SELECT has_table_privilege('\(role)', 'lorikeet.\(relation)', '\(privilege)')::int")
                == 1
        }
        for privilege in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
            #expect(try may(writer, privilege, "messages"), "\(privilege)")
            #expect(try may(reader, privilege, "messages") == (privilege == "SELECT"), "\(privilege)")
        }
        for role in [writer, reader] {
            #expect(try may(role, "SELECT", "labelled_texts") && may(role, "SELECT", "annotation_queue"))
        }
    }

    /// A view of the user's own stays, and so does what it reads.
    @Test func viewsOverTheQueueAreNotDropped() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql("CREATE VIEW public.mine AS SELECT text FROM lorikeet.annotation_queue")
        let later = Migration(
            version: Schema.expectedVersion + 1, name: "one more",
            statements: ["ALTER TABLE lorikeet.labels ADD COLUMN weight double precision"])
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: Migration.all + [later])
        #expect(try database.count("SELECT count(*) FROM public.mine") == 0)
    }

    @Test func aFailedStepLeavesNothing() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let broken = Migration(
            version: Schema.expectedVersion + 1, name: "broken",
            statements: ["ALTER TABLE lorikeet.labels ADD task text"])

        let error = await #expect(throws: ConnectorError.self) {
            try await Schema.migrate(database.settings(), grantingTo: nil, migrations: Migration.all + [broken])
        }

        #expect(error?.action == .stop)
        #expect(try await Schema.version(database.settings()) == 0)
    }

    @Test func newerSchemaIsRefusedByName() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql("INSERT INTO lorikeet.schema_migrations (version, name) VALUES (999, 'of the future')")

        let error = await #expect(throws: ConnectorError.self) { try await Schema.migrate(database.settings()) }
        #expect(error?.action == .stop)
        #expect(error?.reason.contains("version 999") == true)

        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        let refused = await #expect(throws: ConnectorError.self) { try await sink.store([Samples.labelled(0)]) }
        #expect(refused?.action == .stop)
        #expect(refused?.reason.contains("install a newer lorikeet") == true)
        await sink.close()
    }

    @Test func missingSchemaStopsTheSinkWithTheRemedy() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        let error = await #expect(throws: ConnectorError.self) { try await sink.connect() }
        #expect(error?.action == .stop)
        #expect(error?.reason.contains("lorikeet migrate") == true)
    }

    @Test func otherEncodingsAreRefused() async throws {
        let database = try await SchemaDatabase.make(
            isMigrated: false, options: "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        let error = await #expect(throws: ConnectorError.self) { try await Schema.migrate(database.settings()) }
        #expect(error?.action == .stop)
        #expect(error?.reason.contains("SQL_ASCII") == true)
    }

    @Test func annotationsTakeAPlainInsert() async throws {
        let database = try await SchemaDatabase.make()
        let row = try database.sql(
            "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('section', 'chess', 'games') RETURNING *"
        ).first
        #expect(try row?.integer("id") == 1)
        #expect(try row?.optionalTimestamp("created_at") != nil)
        #expect(throws: PostgresError.self) {
            try database.sql("INSERT INTO lorikeet.annotations (task, text) VALUES ('section', 'chess')")
        }
    }

    @Test func aTaskHasOneLiveAdapter() async throws {
        let database = try await SchemaDatabase.make()
        func insert(_ version: Int) throws {
            let digest = String(repeating: "\(version)", count: 64)
            try database.sql(
                """
                INSERT INTO lorikeet.adapters (
                    task, version, digest, base_digest, state, manifest, weights, promoted_at, succession)
                VALUES ('section', \(version), '\(digest)', 'b', 'live', '{}', '', now(), \(version))
                """)
        }
        try insert(1)
        let error = #expect(throws: PostgresError.self) { try insert(2) }
        #expect(error?.constraintName == "adapters_one_live_per_task")
    }
}
