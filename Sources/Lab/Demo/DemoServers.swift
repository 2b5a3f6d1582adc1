import Foundation
import KafkaClient
import LocalServers
import Operations
import Pipelines
import PostgresClient

/// The private PostgreSQL and the broker of a demo.
final class DemoServers: Sendable {
    let postgres: PrivatePostgres
    let broker: EmbeddedBroker
    /// The daemon's log.
    let log: URL

    private static let database = "lorikeet"
    /// The consumer group that `pipelines/packages.yaml` names.
    private static let group = "lorikeet-packages"
    private static let daemonRole = "lorikeet_daemon"

    init(folder: URL) throws {
        postgres = try PrivatePostgres.start(directory: folder.path)
        broker = try EmbeddedBroker()
        log = folder.appendingPathComponent("daemon.log")
    }

    /// Connects as the owner of the schema.
    var ownerDSN: String { postgres.dsn(database: Self.database) }
    var psql: String { postgres.psqlCommand(database: Self.database) }

    /// What the pipeline file reads: the daemon's own role may not create tables.
    var environment: [String: String] {
        [
            "KAFKA_BROKERS": broker.bootstrapServers,
            "DATABASE_URL": postgres.dsn(database: Self.database, user: Self.daemonRole),
            "RETRAIN_EVERY": "2s", "RETRAIN_ROWS": "500",
        ]
    }

    /// Makes database, role, schema and topic, and says how to look at them.
    func prepare(catalogue: ArraySlice<CataloguePackage>, console: DemoConsole) async throws {
        try createDatabase()
        let migration = try await MigrateOperation.run(postgres: Secret(ownerDSN), role: Self.daemonRole)
        let database = try DemoDatabase(dsn: ownerDSN)
        try await database.storeCatalogue(catalogue)
        await database.close()
        try broker.createTopic(DemoProducer.topic, partitions: Int(DemoProducer.partitions))
        console.say("schema lorikeet at version \(migration.after); look from another terminal:")
        console.say("  \(psql)")
        console.say("  kcat -b \(broker.bootstrapServers) -C -t \(DemoProducer.topic)")
    }

    private func createDatabase() throws {
        let connection = try PostgresConnection(dsn: postgres.dsn(), applicationName: "lorikeet demo")
        defer { connection.close() }
        try connection.execute("CREATE ROLE \(Self.daemonRole) LOGIN")
        try connection.execute("CREATE DATABASE \(Self.database)")
    }

    /// The positions that the daemon's group has committed, by partition.
    func committed() throws -> [Int32: Int64] {
        let consumer = try KafkaConsumer(
            properties: ["bootstrap.servers": broker.bootstrapServers, "group.id": Self.group],
            topics: [DemoProducer.topic],
            onAssigned: { _ in }, onRevoked: { _, _ in [:] })
        defer { consumer.close() }
        let partitions = (0..<DemoProducer.partitions).map { TopicPartition(topic: DemoProducer.topic, partition: $0) }
        let positions = try consumer.committed(partitions, timeout: .seconds(30))
        return Dictionary(positions.map { ($0.key.partition, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    func stop() {
        broker.stop()
        postgres.stop()
    }
}
