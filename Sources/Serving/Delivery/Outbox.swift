/// What a record in the outbox is about.
public enum OutboxKind: String, Sendable, CaseIterable {
    /// The labels of a record, for `sink.kafka.topic`.
    case labels
    /// A rejected record, for `rejected.kafka.topic`.
    case rejected
}

/// The key of published labels.
public enum PublishedKey: String, Sendable, CaseIterable {
    /// The key of the record that was labelled.
    case message
    /// The origin of that record, as `topic/partition@offset`.
    case origin
}

/// A Kafka message to publish.
public struct OutgoingMessage: Sendable {
    /// `nil` is a null key.
    public let key: [UInt8]?
    /// `nil` is a null payload.
    public let payload: [UInt8]?
    /// In order; a name may occur more than once.
    public let headers: [(name: String, value: [UInt8]?)]

    /// - Parameters: as the properties.
    public init(key: [UInt8]?, payload: [UInt8]?, headers: [(name: String, value: [UInt8]?)]) {
        (self.key, self.payload, self.headers) = (key, payload, headers)
    }
}

/// A record that waits in the outbox.
public struct OutboxRecord: Sendable {
    /// Its place in the outbox: ascending within a partition of the source.
    public let id: Int64
    /// Grows when the record is stored again while it waits.
    public let revision: Int64
    /// What it is about.
    public let kind: OutboxKind
    /// Where the record came from.
    public let origin: Origin
    /// The record's own timestamp, as in its rows.
    public let producedAt: Int64
    /// What to publish; nil if its rows were deleted meanwhile, so that there is nothing to say.
    public let message: OutgoingMessage?

    /// - Parameters: as the properties.
    public init(
        id: Int64, revision: Int64 = 1, kind: OutboxKind = .labels, origin: Origin, producedAt: Int64,
        message: OutgoingMessage?
    ) {
        (self.id, self.revision, self.kind, self.origin) = (id, revision, kind, origin)
        (self.producedAt, self.message) = (producedAt, message)
    }
}

/// How much waits in the outbox of a pipeline.
public struct OutboxDepth: Sendable, Equatable {
    /// Records.
    public var rows: Int
    /// Since the oldest of them was stored; zero if there is none.
    public var oldestAge: Duration

    /// Records at which an outbox is full where nobody says otherwise.
    public static let standardMaximum = 1_000_000

    /// - Parameters: as the properties.
    public init(rows: Int, oldestAge: Duration) { (self.rows, self.oldestAge) = (rows, oldestAge) }
}

/// Records whose rows are committed and that are not published yet. The sink fills it, in the transaction of the rows.
///
/// One process at a time publishes the records of a pipeline: the one that holds the lease.
public protocol Outbox: Sendable {
    /// Takes the lease, or keeps it, and reads the first records.
    ///
    /// - Parameter omitted: kinds that are passed over.
    /// - Returns: nil if another process holds the lease.
    func next(limit: Int, omitting omitted: Set<OutboxKind>) async throws(ConnectorError) -> [OutboxRecord]?

    /// Renews the lease while records are on their way.
    ///
    /// - Returns: whether it is still held. If not, another process may publish the same records.
    func keep() async -> Bool

    /// Removes published records, unless they were stored again meanwhile.
    func remove(_ records: [OutboxRecord]) async throws(ConnectorError)

    /// Moves a record that a broker refuses to `rejected`, stage `publish`. A record that is rejected already keeps its
    /// stage and reason.
    func reject(_ record: OutboxRecord, reason: String) async throws(ConnectorError)

    /// Counts what waits.
    func depth() async throws(ConnectorError) -> OutboxDepth

    /// Gives up the lease and the connection.
    func close() async
}
