import KafkaClient
import LocalServers

/// The database, the broker and the daemon's log of a demo.
final class DemoServers: Sendable {
    private static let databaseName = "lorikeet"
    /// The consumer group that `pipelines/packages.yaml` names.
    private static let group = "lorikeet-packages"
    private static let daemonRole = "lorikeet_daemon"

    private let servers: LabServers
    /// A session as the owner of the schema.
    let database: LabDatabase
    var broker: EmbeddedBroker { servers.broker }
    var folder: ScratchFolder { servers.folder }
    /// The daemon's log file.
    var log: String { folder.path("daemon.log") }

    init() throws {
        servers = try LabServers(name: "demo")
        database = LabDatabase(dsn: servers.postgres.dsn(database: Self.databaseName))
    }

    /// A command that opens psql on the demo's database.
    var psql: String { servers.postgres.psqlCommand(database: Self.databaseName) }

    /// The variables that the pipeline file reads. The daemon connects as a role that may not create tables.
    var environment: [String: String] {
        [
            "KAFKA_BROKERS": broker.bootstrapServers,
            "DATABASE_URL": servers.postgres.dsn(database: Self.databaseName, user: Self.daemonRole),
            "RETRAIN_EVERY": "2s", "RETRAIN_ROWS": "500",
        ]
    }

    /// Creates database, role, schema and topic.
    func prepare(catalogue: ArraySlice<CataloguePackage>) async throws {
        let administration = LabDatabase(dsn: servers.postgres.dsn())
        try await administration.execute("CREATE ROLE \(Self.daemonRole) LOGIN")
        try await administration.execute("CREATE DATABASE \(Self.databaseName)")
        await administration.close()
        try await database.migrate(role: Self.daemonRole)
        try await database.storeCatalogue(catalogue)
        try broker.createTopic(DemoMessages.topic, partitions: Int(DemoMessages.partitions))
    }

    /// The offsets that the daemon's consumer group has committed, by partition.
    func committed() throws -> [Int32: Int64] {
        let consumer = try KafkaConsumer(
            properties: ["bootstrap.servers": broker.bootstrapServers, "group.id": Self.group],
            topics: [DemoMessages.topic],
            onAssigned: { _ in }, onRevoked: { _, _ in [:] })
        defer { consumer.close() }
        let partitions = (0..<DemoMessages.partitions).map { TopicPartition(topic: DemoMessages.topic, partition: $0) }
        let offsets = try consumer.committed(partitions, timeout: .seconds(30))
        return Dictionary(offsets.map { ($0.key.partition, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    func stop() async {
        await database.close()
        servers.stop()
    }
}
