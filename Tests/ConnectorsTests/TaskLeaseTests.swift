import Foundation
import Retraining
import Serving
import TestSupport
import Testing

@testable import Connectors

/// The lease on retraining a task: kept by renewals, ended by the clock, checked where an adapter is promoted.
@Suite(.timeLimit(.minutes(3))) struct TaskLeaseTests {
    private let clock = ManualClock()

    private func source(_ database: SchemaDatabase) -> PostgresLabelledRowSource {
        PostgresLabelledRowSource(database.settings(), clock: clock.clock)
    }

    @Test func heartbeatsKeepTheLease() async throws {
        let (database, clock) = (try await SchemaDatabase.make(), clock)
        let source = source(database)
        let ran = try await source.withLease(task: "section") { lease in
            for _ in 0..<6 {
                await clock.waitForSleepers()
                try database.sql("UPDATE lorikeet.leases SET expires_at = clock_timestamp() + interval '30 seconds'")
                clock.advance(by: .seconds(20))
                await clock.waitForSleepers()
                #expect(lease.loss == nil)
                #expect(try #require(try database.leaseSeconds(task: "section")) > 31)
            }
            return true
        }
        #expect(ran.value == true)
        #expect(try database.leaseSeconds(task: "section") == nil)
        await source.close()
    }

    @Test func anExpiredLeaseIsNotRenewed() async throws {
        let (database, clock) = (try await SchemaDatabase.make(), clock)
        let source = source(database)
        try await lose(source) { lease in
            await clock.waitForSleepers()
            try database.expireLease(task: "section")
            clock.advance(by: .seconds(20))
        }
        await source.close()
    }

    @Test func aLongOutageLosesTheLease() async throws {
        let clock = clock
        try await SchemaDatabase.withOwnCluster { database in
            let source = source(database)
            let reason = try await lose(source) { _ in
                await clock.waitForSleepers()
                try database.cluster.halt()
                // Attempts at 20 s, and every 2 s after that.
                clock.advance(by: .seconds(20))
                for _ in 0..<19 {
                    await clock.waitForSleepers()
                    clock.advance(by: .seconds(2))
                }
                await clock.waitForSleepers()
                clock.advance(by: .seconds(2))
            }
            #expect(reason.hasPrefix("it could not be renewed within 60.0 seconds: PostgreSQL"), "\(reason)")
            try database.cluster.restart()
            await source.close()
        }
    }

    /// - Returns: why the lease was lost.
    @discardableResult
    private func lose(
        _ source: PostgresLabelledRowSource, _ cause: @escaping @Sendable (any RetrainingLease) async throws -> Void
    ) async throws -> String {
        let reason = try await source.withLease(task: "section") { lease in
            try await cause(lease)
            try await eventually("the loss of the lease") { lease.loss != nil }
            return lease.loss
        }.value
        return try #require(reason ?? nil)
    }

    @Test func nothingIsPromotedWithoutTheLease() async throws {
        let database = try await SchemaDatabase.make()
        let (source, store) = (source(database), PostgresAdapterStore(database.settings()))
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"], seed: 1)
        let version = try await store.publish(task: "section", adapter: adapter, metrics: [:], parentDigest: nil)
        let loss = try await source.withLease(task: "section") { lease in
            try database.expireLease(task: "section")
            let error = await #expect(throws: ConnectorError.self) {
                try await store.promote(task: "section", version: version.version)
            }
            #expect(error?.reason.contains("the lease on retraining section is lost") == true)
            // Another task's lease has no say in this one's adapters.
            _ = try await store.publish(task: "role", adapter: adapter, metrics: [:], parentDigest: nil)
            return lease.loss
        }.value
        #expect((loss ?? nil) != nil)
        #expect(try await store.live(tasks: ["section"]).isEmpty)
        // A person has no lease, and needs none.
        _ = try await store.promote(task: "section", version: version.version)
        await source.close()
        await store.close()
    }

    /// As where the clock of the database was set back after its holder was killed.
    @Test func aLeaseOfTheFutureIsTakenOver() async throws {
        let database = try await SchemaDatabase.make()
        let source = source(database)
        func hold(until time: String) throws {
            try database.sql(
                "DELETE FROM lorikeet.leases",
                """
                INSERT INTO lorikeet.leases
                VALUES ('retraining section', gen_random_uuid(), 'another', now(),
                    clock_timestamp() + interval '\(time)')
                """)
        }
        try hold(until: "5 minutes")
        #expect(try await source.withLease(task: "section") { _ in true }.holder?.process == "another")
        try hold(until: "1 day")
        #expect(try await source.withLease(task: "section") { _ in true }.value == true)
        await source.close()
    }

    /// Whoever would take the lease over waits until the promotion that looked at it has ended.
    @Test func aLeaseIsNotTakenInTheMiddleOfAPromotion() async throws {
        let database = try await SchemaDatabase.make()
        let (source, other) = (source(database), PostgresLabelledRowSource(database.settings()))
        let outcome = try await source.withLease(task: "section") { _ in
            let connection = try BoundedConnection(database.settings())
            defer { connection.close() }
            let lease = try #require(TaskLease.current)
            let taking = try await connection.holding(lease) {
                let taking = Task { try await other.withLease(task: "section") { _ in true } }
                try await database.waitUntilBlocked()
                return taking
            }
            return try await taking.value
        }.value
        #expect(outcome?.holder != nil)
        await source.close()
        await other.close()
    }

    @Test func theLeaseOfAKilledProcessIsReleased() async throws {
        let database = try await SchemaDatabase.make()
        let source = source(database)
        try database.sql(
            """
            INSERT INTO lorikeet.leases
            SELECT name, gen_random_uuid(), holder, now(), now() + interval '1 minute'
            FROM (VALUES
                ('retraining section', '\(TaskLease.holder(process: 4_000_001))'),
                ('retraining role', '\(TaskLease.holder(process: 4_000_002))')) AS leases (name, holder)
            """)
        #expect(
            try await source.withLease(task: "section") { _ in true }.holder?.process
                == TaskLease.holder(process: 4_000_001))
        try await source.clear(task: "section", ofEndedProcess: 4_000_001, reason: "killed")
        try await source.clear(task: "role", ofEndedProcess: 4_000_001, reason: "killed")
        #expect(try await source.withLease(task: "section") { _ in true }.value == true)
        #expect(
            try await source.withLease(task: "role") { _ in true }.holder?.process
                == TaskLease.holder(process: 4_000_002))
        await source.close()
    }
}

extension BoundedConnection {
    /// Runs `body` in a transaction that has looked at the lease, then commits.
    fileprivate func holding<Value>(_ lease: TaskLease, _ body: () async throws -> Value) async throws -> Value {
        try execute("BEGIN")
        try lease.verify(on: self)
        let value = try await body()
        try execute("COMMIT")
        return value
    }
}
