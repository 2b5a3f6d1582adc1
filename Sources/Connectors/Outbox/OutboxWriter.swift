import PostgresClient
import Serving
import Threading

/// Puts records into `lorikeet.outbox`, in the transaction of their rows, as long as it has room. Used only on the
/// sink's thread.
struct OutboxWriter {
    private let pipeline: String
    private let settings: OutboxSettings
    private var waiting = CountedRows()
    private let clock = Clock.system

    init(pipeline: String, settings: OutboxSettings) { (self.pipeline, self.settings) = (pipeline, settings) }

    /// Counts the rows, at most once per second unless the outbox is full.
    ///
    /// - Throws: `.retry` if the outbox is full.
    mutating func requireRoom(on connection: BoundedConnection) throws {
        let now = clock.now()
        if waiting.isDue(at: now, interval: .seconds(1)) || waiting.rows >= settings.maximumRows {
            waiting.set(try count(on: connection), from: now, to: clock.now())
        }
        guard waiting.rows >= settings.maximumRows else { return }
        throw ConnectorError(
            action: .retry,
            reason: "the outbox is full: \(settings.maximumRows) records or more wait to be published "
                + "(sink.maximum_outbox_rows)",
            cause: Self.fullCause)
    }

    /// The cause of the error of a full outbox, which says nothing against the connection.
    static let fullCause = "outbox-full"

    private func count(on connection: BoundedConnection) throws -> Int {
        let result = try connection.execute(
            """
            SELECT count(*) AS rows
            FROM (
                SELECT FROM lorikeet.outbox WHERE pipeline = $1 AND kind = ANY ($3::text[]) LIMIT $2::bigint
            ) AS waiting
            """, [.text(pipeline), .integer(Int64(settings.maximumRows)), settings.kindsParameter])
        return Int(try result.first?.integer("rows") ?? 0)
    }

    /// Within the transaction of the rows. A record that waits already keeps its place.
    mutating func add(_ labelled: [LabelledMessage], _ rejections: [Rejection], on connection: BoundedConnection) throws
    {
        let columns = Columns(labelled, rejections, settings: settings)
        guard columns.count > 0 else { return }
        try connection.execute(Self.insert, columns.parameters(pipeline: pipeline))
        waiting.add(columns.count)
    }

    /// The rows of an array are inserted in its order, and get ascending numbers.
    private static let insert = """
        INSERT INTO lorikeet.outbox AS o (pipeline, topic, "partition", "offset", produced_at, kind)
        SELECT $1, r.topic, r."partition", r."offset", r.produced_at, r.kind
        FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::text[])
            AS r(topic, "partition", "offset", produced_at, kind)
        ON CONFLICT (pipeline, topic, "partition", "offset", produced_at) DO UPDATE SET
            kind = excluded.kind, revision = o.revision + 1
        """
}

extension OutboxWriter {
    /// Rows of `outbox`, as columns: one row per record that is published.
    struct Columns {
        private var keys = KeyColumns()
        private var kinds: [String?] = []

        init(_ labelled: [LabelledMessage], _ rejections: [Rejection], settings: OutboxSettings) {
            for message in labelled where message.labels.contains(where: { settings.publishes(task: $0.task) }) {
                append(message.message, .labels)
            }
            if settings.publishesRejected { for rejection in rejections { append(rejection.message, .rejected) } }
        }

        private mutating func append(_ message: SourceMessage, _ kind: OutboxKind) {
            keys.append(message)
            kinds.append(kind.rawValue)
        }

        var count: Int { kinds.count }

        func parameters(pipeline: String) -> [PostgresValue] { keys.parameters(pipeline: pipeline) + [.texts(kinds)] }
    }
}
