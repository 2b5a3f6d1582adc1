import AdapterRegistry
import BERT
import Drift
import Files
import Serving
import TestSupport
import Testing

@testable import Connectors

@Suite struct PostgresAdapterStoreTests {
    private func adapters(_ count: Int) throws -> [Adapter] {
        let model = try TinyModel.shared.get()
        return try (1...count).map { try model.adapter(labels: ["red", "blue"], seed: UInt64($0)) }
    }

    private func withStore(_ body: (SchemaDatabase, PostgresAdapterStore) async throws -> Void) async throws {
        let database = try await SchemaDatabase.make()
        let store = PostgresAdapterStore(database.settings(user: try await database.makeDaemonRole()))
        do {
            try await body(database, store)
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }

    @Test func everyPromiseIsKeptByADaemonsRole() async throws {
        try await withStore { _, store in
            try await AdapterStoreConformance(store: store, adapters: try adapters(3)).run()
        }
    }

    /// A rollback gives a version a new reason. The one for which it won is still there.
    @Test func everyPromotionIsRecordedAndNoneIsChanged() async throws {
        try await withStore { database, store in
            for (adapter, reason) in zip(try adapters(2), ["A won", "B won"]) {
                let version = try await store.publish(
                    task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
                let promotion = Promotion(by: "retraining", reason: reason)
                _ = try await store.promote(task: "color", version: version.version, promotion)
                _ = try await store.promote(task: "color", version: version.version, promotion)
            }
            let back = try await store.rollback(task: "color", Promotion(by: "kim", reason: "B was worse"))
            let first = try await store.promotions(task: "color", version: 1)
            #expect(first.map(\.promotion?.reason) == ["A won", "B was worse"])
            #expect(first.last?.date == back.promotedAt && first.last?.promotion?.by == "kim")
            #expect(try await store.promotions(task: "color", version: 2).map(\.promotion?.reason) == ["B won"])
            #expect(try await store.promotions(task: "other", version: 1).isEmpty)
            #expect(try database.count("SELECT count(*) FROM lorikeet.promotions") == 3)
            let digests = "SELECT count(*) FROM lorikeet.promotions WHERE digest = '\(back.digest)'"
            #expect(try database.count(digests) == 2)
        }
    }

    @Test func aDaemonsRoleMayAddPromotionsAndChangeNone() async throws {
        let database = try await SchemaDatabase.make()
        let role = try await database.makeDaemonRole()
        func may(_ privilege: String) throws -> Bool {
            try database.count("SELECT has_table_privilege('\(role)', 'lorikeet.promotions', '\(privilege)')::int") == 1
        }
        #expect(try may("SELECT"))
        for privilege in ["INSERT", "UPDATE", "DELETE", "TRUNCATE"] { #expect(try !may(privilege), "\(privilege)") }
    }

    /// Also a change by hand counts, once it is committed. A drift reference does not.
    @Test func changesAreCountedByTheDatabase() async throws {
        try await withStore { database, store in
            let adapter = try adapters(1)[0]
            _ = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            let published = try #require(try await store.revision())
            try await store.store(
                DriftReference(
                    adapterDigest: adapter.digest, source: .live, profile: TextProfile(labels: 2),
                    centres: ReferenceCentres.Sums(labels: 2, hidden: 8).centres))
            #expect(try await store.driftReference(digest: adapter.digest) != nil)
            #expect(try await store.revision() == published)
            let person = try database.connect()
            defer { person.close() }
            try person.executeScript("BEGIN; UPDATE lorikeet.adapters SET state = 'rejected'", deadline: .seconds(20))
            #expect(try await store.revision() == published)
            try person.executeScript("COMMIT", deadline: .seconds(20))
            #expect(try await store.revision() == published + 1)
            try database.sql("DELETE FROM lorikeet.adapter_changes")
            #expect(try await store.revision() == nil)
        }
    }

    @Test func annotatedTasksAreThoseWithNewAnnotations() async throws {
        try await withStore { database, store in
            try database.sql(
                """
                INSERT INTO lorikeet.annotations (task, text, label, created_at)
                VALUES ('new', 'text', 'a', now()), ('old', 'text', 'a', now() - interval '10 minutes'),
                    ('other', 'text', 'a', now())
                """)
            let tasks = ["new", "none", "old"]
            #expect(try await store.annotatedTasks(among: tasks, within: .seconds(300)) == ["new"])
            #expect(try await store.annotatedTasks(among: tasks, within: .seconds(900)) == ["new", "old"])
            #expect(try await store.annotatedTasks(among: [], within: .seconds(900)).isEmpty)
        }
    }

    @Test func whatIsLoadedRunsOverItsBase() async throws {
        try await withStore { _, store in
            let adapter = try adapters(1)[0]
            _ = try await store.publish(
                task: "color", adapter: adapter, metrics: ["broken": .nan, "accuracy": 0.5], parentDigest: nil)
            let stored = try await store.load(digest: adapter.digest)
            let again = try Adapter(
                manifest: stored.manifest, weights: stored.weights, base: try TinyModel.shared.get().base)
            #expect(again.digest == adapter.digest)
            #expect(stored.version.metrics == ["accuracy": 0.5])
        }
    }

    @Test func theFirstDriftReferenceStays() async throws {
        try await withStore { database, store in
            let adapter = try adapters(1)[0]
            func reference(_ source: DriftReference.Source) -> DriftReference {
                DriftReference(
                    adapterDigest: adapter.digest, source: source, profile: TextProfile(labels: 2),
                    centres: ReferenceCentres.Sums(labels: 2, hidden: 8).centres)
            }
            // Nothing to store it with.
            try await store.store(reference(.live))
            _ = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            #expect(try await store.driftReference(digest: adapter.digest) == nil)
            try await store.store(reference(.stored))
            try await store.store(reference(.live))
            let json = try #require(try await store.driftReference(digest: adapter.digest))
            #expect(
                try DriftReference(json: json, adapterDigest: adapter.digest, labels: 2) == reference(.stored))
            #expect(try await store.driftReference(digest: "unknown") == nil)
            // Damage is replaced by whoever saw it, and only by them.
            try database.sql("UPDATE lorikeet.adapters SET profile = profile - 'centres'")
            let damaged = try #require(try await store.driftReference(digest: adapter.digest))
            try await store.store(reference(.live), replacing: SHA256.hash(json).hexadecimal)
            #expect(try await store.driftReference(digest: adapter.digest) == damaged)
            try await store.store(reference(.live), replacing: SHA256.hash(damaged).hexadecimal)
            let replaced = try #require(try await store.driftReference(digest: adapter.digest))
            #expect(
                try DriftReference(json: replaced, adapterDigest: adapter.digest, labels: 2) == reference(.live))
        }
    }

    @Test func annotatedLabelsAreThoseThatTheAdapterGaveBefore() async throws {
        try await withStore { database, store in
            // Offset, label or null where the task abstained, minutes from the annotation back to the label, digest.
            let labels: [(offset: Int, label: String?, minutes: Int, digest: String)] = [
                (0, "calm", 5, "live"), (1, "calm", 5, "live"), (2, nil, 5, "live"), (3, "calm", -5, "live"),
                (4, "calm", 5, "old"), (5, "calm", 5, "live"),
            ]
            for row in labels {
                let label = row.label.map { "'\($0)'" } ?? "NULL"
                try database.sql(
                    """
                    INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label,
                        score, scores, abstained, adapter_digest, text, labelled_at)
                    VALUES ('\(row.offset % 2 == 0 ? "p" : "q")', 't', 0, \(row.offset), 'noise', now(), \(label), 0.6,
                        '{"calm": 0.4, "loud": 0.6}', \(row.label == nil), '\(row.digest)', 'text \(row.offset)',
                        now() - interval '1 hour' - \(row.minutes) * interval '1 minute')
                    """)
            }
            // The second annotation of offset 1 is newer. That of offset 5 is of another text, and one has no origin.
            try database.sql(
                """
                INSERT INTO lorikeet.annotations
                    (task, text, label, source, topic, "partition", "offset", created_at)
                SELECT a.task, a.text, a.label, a.source, a.topic, 0, a.number, now() - interval '1 hour' + a.later
                FROM (VALUES
                    ('noise', 'text 0', 'calm', 'random 1', 't', 0, interval '0'),
                    ('noise', 'text 1', 'calm', 'annotations import', 't', 1, interval '0'),
                    ('noise', 'text 1', 'loud', 'annotations import', 't', 1, interval '1 second'),
                    ('noise', 'text 2', 'loud', NULL, 't', 2, interval '0'),
                    ('noise', 'text 3', 'calm', NULL, 't', 3, interval '0'),
                    ('noise', 'text 4', 'calm', NULL, 't', 4, interval '0'),
                    ('noise', 'another', 'calm', NULL, 't', 5, interval '0'),
                    ('noise', 'text 0', 'loud', NULL, NULL, 0, interval '2 seconds'),
                    ('other', 'text 0', 'loud', NULL, 't', 0, interval '2 seconds')
                ) AS a(task, text, label, source, topic, number, later)
                """)
            let groups = try await store.annotatedLabels(task: "noise", digest: "live")
            #expect(
                groups == [
                    .init(given: ["calm"], annotated: ["calm"], sample: .random, texts: 1),
                    .init(given: ["calm"], annotated: ["loud"], sample: .chosen, texts: 1),
                    .init(given: ["loud"], annotated: ["loud"], sample: .chosen, texts: 1),
                ])
            #expect(try await store.annotatedLabels(task: "noise", digest: "never").isEmpty)
        }
    }

    @Test func annotatedSetsLeaveOutAbstentions() async throws {
        try await withStore { database, store in
            for (offset, labels) in ["'{a,b}'", "'{}'", "NULL"].enumerated() {
                try database.sql(
                    """
                    INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, labels,
                        score, scores, abstained, adapter_digest, labelled_at)
                    VALUES ('p', 't', 0, \(offset), 'tags', now(), \(labels), 0.9, '{"a": 0.9, "b": 0.8}',
                        \(labels == "NULL"), 'live', now() - interval '1 hour')
                    """)
                try database.sql(
                    """
                    INSERT INTO lorikeet.annotations (task, text, labels, topic, "partition", "offset")
                    VALUES ('tags', 'text', '{b}', 't', 0, \(offset))
                    """)
            }
            let groups = try await store.annotatedLabels(task: "tags", digest: "live")
            #expect(groups.map(\.given) == [[], ["a", "b"]] && groups.allSatisfy { $0.annotated == ["b"] })
        }
    }

    @Test(arguments: [
        """
        UPDATE lorikeet.adapters
        SET weights = set_byte(weights, length(weights) - 1, 255 - get_byte(weights, length(weights) - 1))
        """,
        "UPDATE lorikeet.adapters SET manifest = jsonb_set(manifest, '{labels,0}', '\"green\"')",
        "UPDATE lorikeet.adapters SET manifest = '{}'", "UPDATE lorikeet.adapters SET weights = ''",
    ])
    func damageIsFoundByItsDigest(_ damage: String) async throws {
        try await withStore { database, store in
            let adapter = try adapters(1)[0]
            _ = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            try database.sql(damage)
            let error = await #expect(throws: DamagedAdapter.self) { try await store.load(digest: adapter.digest) }
            #expect(error?.digest == adapter.digest)
        }
    }

    @Test(arguments: [
        "UPDATE lorikeet.adapters SET training_rows = set_byte(training_rows, 0, 255 - get_byte(training_rows, 0))",
        "UPDATE lorikeet.adapters SET training_rows = ''",
        "UPDATE lorikeet.adapters SET training_range = '{}'",
    ])
    func damagedTrainingRowsAreNotUnknownAndKeepNoAdapterFromServing(_ damage: String) async throws {
        try await withStore { database, store in
            let adapter = try adapters(1)[0]
            _ = try await store.publish(
                task: "color", adapter: adapter, metrics: [:], parentDigest: nil,
                trainingRows: TrainingRowSet(hashes: [1 << 33, 1 << 40]))
            try database.sql(damage)
            #expect(try await store.load(digest: adapter.digest).weights == adapter.weights)
            let error = await #expect(throws: DamagedAdapter.self) {
                try await store.trainingRows(digest: adapter.digest)
            }
            #expect(error?.reason.contains("training_rows") == true)
        }
    }

    @Test func pruningSparesWhatIsNeeded() async throws {
        try await withStore { _, store in
            let adapters = try adapters(6)
            for adapter in adapters {
                _ = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            }
            for version in [2, 1, 3] { _ = try await store.promote(task: "color", version: version) }
            for version in [4, 5] { try await store.reject(task: "color", version: version) }
            // Now: 1 and 2 retired, 3 live, 4 and 5 rejected, 6 a candidate. A rollback returns to 1.
            func prune(keeping count: Int, isDryRun: Bool = false) async throws -> [Int] {
                try await store.prune(task: "color", keeping: count, isDryRun: isDryRun).map(\.version)
            }
            #expect(try await prune(keeping: 4) == [])
            #expect(try await prune(keeping: 1, isDryRun: true) == [2, 4])
            #expect(try await store.versions(task: "color").allSatisfy { !$0.isPruned })
            #expect(try await prune(keeping: 1) == [2, 4])
            #expect(try await prune(keeping: 1) == [])
            #expect(try await prune(keeping: 0) == [5])
            let versions = try await store.versions(task: "color")
            #expect(versions.map(\.isPruned) == [false, true, false, true, true, false])
            #expect(versions.map(\.digest) == adapters.map(\.digest))
            #expect(try await store.manifest(of: versions[1]) == adapters[1].manifest)
            #expect(try await store.rollback(task: "color").version == 1)
            await #expect(throws: AdapterStoreError.nothingToRollBackTo(task: "color")) {
                try await store.rollback(task: "color")
            }
        }
    }

    @Test func prunedWeightsAreSaidToBeGone() async throws {
        try await withStore { database, store in
            let adapter = try adapters(1)[0]
            let version = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            try await store.reject(task: "color", version: version.version)
            try database.sql("UPDATE lorikeet.adapters SET weights = NULL")
            let pruned = AdapterStoreError.pruned(digest: adapter.digest)
            #expect(try await store.versions(task: "color").first?.isPruned == true)
            await #expect(throws: pruned) { try await store.load(digest: adapter.digest) }
            await #expect(throws: pruned) { try await store.promote(task: "color", version: 1) }
            _ = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            #expect(try await store.load(digest: adapter.digest).weights == adapter.weights)
            #expect(try await store.promote(task: "color", version: 1).state == .live)
        }
    }

    @Test func manyPromotersLeaveOneLive() async throws {
        try await withStore { database, store in
            for adapter in try adapters(4) {
                _ = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for promoter in 0..<4 {
                    group.addTask {
                        let own = PostgresAdapterStore(database.settings())
                        for turn in 0..<5 {
                            _ = try await own.promote(task: "color", version: (promoter + turn) % 4 + 1)
                        }
                        await own.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.live(tasks: ["color"]).count == 1)
            #expect(try await store.versions(task: "color").map(\.version) == [1, 2, 3, 4])
        }
    }

    @Test func manyPublishersOfOneAdapterMakeOneVersion() async throws {
        try await withStore { database, store in
            let adapter = try adapters(1)[0]
            let versions = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let own = PostgresAdapterStore(database.settings())
                        let version = try await own.publish(
                            task: "color", adapter: adapter, metrics: [:], parentDigest: nil
                        ).version
                        await own.close()
                        return version
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(versions == [1, 1, 1, 1])
        }
    }

    @Test func rollbackSkipsRejectedVersions() async throws {
        try await withStore { _, store in
            for adapter in try adapters(3) {
                _ = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            }
            for version in 1...2 { _ = try await store.promote(task: "color", version: version) }
            #expect(try await store.rollback(task: "color").version == 1)
            _ = try await store.promote(task: "color", version: 3)
            #expect(try await store.rollback(task: "color").version == 1)
            #expect(try await store.versions(task: "color").map(\.state) == [.live, .rejected, .rejected])
        }
    }

    @Test func promotionAndRollbackNotify() async throws {
        try await withStore { database, store in
            for adapter in try adapters(2) {
                _ = try await store.publish(task: "color", adapter: adapter, metrics: [:], parentDigest: nil)
            }
            let notifications = AdapterNotifications(direct: database.settings(), pollInterval: .seconds(600))
            var changes = notifications.makeAsyncIterator()
            #expect(await changes.next() == .poll)
            _ = try await store.promote(task: "color", version: 1)
            #expect(await changes.next() == .changed(task: "color"))
            _ = try await store.promote(task: "color", version: 2)
            #expect(await changes.next() == .changed(task: "color"))
            _ = try await store.rollback(task: "color")
            #expect(await changes.next() == .changed(task: "color"))
        }
    }

    @Test func anUnavailableDatabaseIsNotAMissingAdapter() async throws {
        let store = PostgresAdapterStore(PostgresSettings(dsn: "host=/nowhere"))
        let error = await #expect(throws: ConnectorError.self) { try await store.load(digest: "none") }
        #expect(error?.action == .retry)
        await store.close()
    }
}
