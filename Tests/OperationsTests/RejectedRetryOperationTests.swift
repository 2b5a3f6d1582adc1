import Connectors
import DaemonFixtures
import Foundation
import Logging
import PostgresClient
import TestSupport
import Testing

@testable import Operations

/// Rejected messages take the serving path again, and their outcome replaces their row.
@Suite struct RejectedRetryOperationTests {
    private static func counts(_ fixture: DaemonFixture) throws -> [Int] {
        try ["labels", "rejected"].map { try fixture.number("SELECT count(*) AS n FROM lorikeet.\($0)") }
    }

    /// Twenty texts, of which one is refused by a constraint of the user's, and one message that is no UTF-8.
    private static func reject(_ fixture: DaemonFixture, _ file: String) async throws {
        let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
        defer { connection.close() }
        try connection.execute("ALTER TABLE lorikeet.messages ADD CONSTRAINT no_seven CHECK (text NOT LIKE 'text 7 %')")
        try await fixture.withDaemon(file) { _ in
            try fixture.produce(20)
            let producer = try fixture.broker.makeProducer()
            try producer.produce(topic: "texts", partition: 0, payload: [0xFF, 0xFE], timestamp: 5)
            try producer.flush(timeout: .seconds(20))
            try await eventually("all rows") { try Self.counts(fixture) == [19, 2] }
        }
        try connection.execute("ALTER TABLE lorikeet.messages DROP CONSTRAINT no_seven")
    }

    @Test func repairedRecordsAreLabelledAndOthersRejectedAgain() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try await Self.reject(fixture, file)
            func retry(_ change: (inout RejectedFilter) -> Void) async throws -> RejectedRetryReport {
                var filter = RejectedFilter()
                change(&filter)
                return try await RejectedRetryOperation.run(
                    file: file, filter: filter, limit: 100, workers: 1, environment: fixture.environment,
                    logger: fixture.log.logger)
            }
            let none = try await retry { $0.stage = .extract }
            #expect(none == RejectedRetryReport())
            let all = try await retry { _ in }
            #expect(all == RejectedRetryReport(rows: 2, labelled: 1, rejected: ["decode": 1]))
            #expect(try Self.counts(fixture) == [20, 1])
            // Origin and time are those of the record, and the adapter is the live one.
            let row =
                "SELECT count(*) AS n FROM lorikeet.labelled_texts WHERE text LIKE 'text 7 %' "
                + "AND \"partition\" = 1 AND \"offset\" = 3"
            #expect(try fixture.number(row + " AND produced_at = to_timestamp(1.007)") == 1)
            #expect(try fixture.digests().count == 1)
        }
    }

    @Test func unroutedRecordsAreDroppedWhereThePipelineSaysSo() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            try await Self.reject(fixture, try fixture.writePipeline())
            let file = try fixture.writePipeline(
                extra: "routes: [{ when: { topic: elsewhere }, tasks: [noise] }]\nunrouted: drop")
            var filter = RejectedFilter()
            filter.stage = .store
            let report = try await RejectedRetryOperation.run(
                file: file, filter: filter, limit: 100, workers: 1, environment: fixture.environment,
                logger: fixture.log.logger)
            #expect(report == RejectedRetryReport(rows: 1, dropped: 1))
            #expect(try Self.counts(fixture) == [19, 1])
        }
    }

    @Test func withoutALiveAdapterNothingIsSent() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try await Self.reject(fixture, file)
            let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
            defer { connection.close() }
            try connection.execute("UPDATE lorikeet.adapters SET state = 'retired'")
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await RejectedRetryOperation.run(
                    file: file, filter: RejectedFilter(), limit: 100, workers: 1, environment: fixture.environment,
                    logger: fixture.log.logger)
            }
            #expect(failure?.status == .configuration)
            #expect(
                failure?.message.contains("tasks.noise: the adapter store has no live adapter") == true,
                "\(failure?.message ?? "")")
            #expect(try Self.counts(fixture) == [19, 2])
        }
    }

    // MARK: - With an outbox

    /// Partition and offset of each record that was published to a topic.
    private static func origins(_ topic: String, _ fixture: DaemonFixture) async throws -> [String] {
        try await fixture.records(of: topic).map { record in
            ["lorikeet.partition", "lorikeet.offset"].map { name in
                let value = record.headers.first { $0.name == name }?.value ?? []
                return String(decoding: value, as: UTF8.self)
            }.joined(separator: "@")
        }
    }

    /// What is labelled or rejected again is published by a daemon, and what only could not be published goes again.
    @Test func whatIsRetriedWaitsInTheOutboxForADaemon() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            for topic in ["labels", "rejects"] { try fixture.broker.createTopic(topic, partitions: 1) }
            let file = try fixture.writePipeline(
                output: "{ topic: labels }", extra: "rejected: { kafka: { topic: rejects } }")
            let waiting = "SELECT count(*) AS n FROM lorikeet.outbox"
            try await Self.reject(fixture, file)
            try await fixture.withDaemon(file) { _ in
                try await eventually("an empty outbox") { try fixture.number(waiting) == 0 }
            }
            let first = try await (Self.origins("labels", fixture), Self.origins("rejects", fixture))
            #expect(Set(first.0).count == 19 && Set(first.1).count == 2)
            // A broker had refused the labels of one record.
            try fixture.execute(
                """
                INSERT INTO lorikeet.rejected (pipeline, topic, "partition", "offset", produced_at, stage, reason)
                SELECT pipeline, topic, "partition", "offset", produced_at, 'publish', 'too large'
                FROM lorikeet.labels LIMIT 1
                """)

            let report = try await RejectedRetryOperation.run(
                file: file, filter: RejectedFilter(), limit: 100, workers: 1, environment: fixture.environment,
                logger: fixture.log.logger)
            #expect(
                report
                    == RejectedRetryReport(rows: 3, labelled: 1, republished: 1, rejected: ["decode": 1], outbox: 3))
            #expect(try Self.counts(fixture) == [20, 1])
            #expect(try fixture.number("\(waiting) WHERE kind = 'labels'") == 2)
            #expect(try fixture.number("\(waiting) WHERE kind = 'rejected'") == 1)

            try await fixture.withDaemon(file) { _ in
                try await eventually("an empty outbox") { try fixture.number(waiting) == 0 }
            }
            let second = try await (Self.origins("labels", fixture), Self.origins("rejects", fixture))
            #expect(Set(second.0).count == 20 && second.0.count >= first.0.count + 2)
            #expect(Set(second.1).count == 2 && second.1.count >= first.1.count + 1)
        }
    }

    /// In its outbox, labels would wait for ever.
    @Test func aPipelineThatPublishesNoLabelsKeepsWhatWasNotPublished() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            try fixture.broker.createTopic("rejects", partitions: 1)
            let file = try fixture.writePipeline(extra: "rejected: { kafka: { topic: rejects } }")
            try await Self.reject(fixture, file)
            try fixture.execute("UPDATE lorikeet.rejected SET stage = 'publish'")
            try fixture.execute("DELETE FROM lorikeet.outbox")
            let rows = "SELECT count(*) AS n FROM lorikeet.rejected WHERE stage = 'publish'"
            let count = try fixture.number(rows)
            let report = try await RejectedRetryOperation.run(
                file: file, filter: RejectedFilter(), limit: 100, workers: 1, environment: fixture.environment,
                logger: fixture.log.logger)
            #expect(count > 0 && (report.rows, report.republished) == (count, 0))
            #expect(report.rejected == ["publish": count])
            #expect(try fixture.number(rows) == count)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.outbox") == 0)
        }
    }
}
