import FoundationEssentials
import PostgresClient
import Serving

/// The rows of one partition among which some are to be relabelled.
public struct RelabelRange: Sendable, Equatable {
    /// The topic.
    public let topic: String
    /// The partition.
    public let partition: Int32
    /// Offset of the first row that is to be relabelled.
    public let first: Int64
    /// Offset of the last one.
    public let last: Int64
    /// How many there are.
    public let rows: Int
}

/// Reads stored texts with their labels, in pages along the primary key.
public struct PostgresRelabelRows: Closable {
    private let session: PostgresSession

    /// Counting may read a whole table of years.
    private static let countingDeadline = Duration.seconds(3600)

    /// Connects when first used.
    public init(_ settings: PostgresSettings) { session = PostgresSession(settings, name: "relabelled rows") }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    /// The time by the database's clock.
    public func now() async throws(ConnectorError) -> Date {
        try await session.run("reading the time") { connection in
            let result = try connection.execute("SELECT extract(epoch FROM now())::double precision AS now")
            guard let row = result.first else {
                throw ConnectorError(action: .retry, reason: "PostgreSQL: the server did not say its time")
            }
            return try ExactTime.date(row, "now")
        }
    }

    /// Finds and counts the rows: reads the part of the table that ``RelabelSelection/since`` allows, once.
    public func ranges(_ selection: RelabelSelection) async throws -> [RelabelRange] {
        try await session.runCancellable("counting rows to relabel") { connection in
            let result = try connection.execute(
                """
                SELECT l.topic, l."partition", min(l."offset") AS first, max(l."offset") AS last, count(*) AS rows
                FROM lorikeet.labels AS l WHERE \(RelabelSelection.isDue)
                GROUP BY l.topic, l."partition" ORDER BY l.topic, l."partition"
                """, selection.parameters, within: Self.countingDeadline)
            return try result.rows.map { row in
                RelabelRange(
                    topic: try row.text("topic"), partition: Int32(clamping: try row.integer("partition")),
                    first: try row.integer("first"), last: try row.integer("last"),
                    rows: Int(try row.integer("rows")))
            }
        }
    }

    // MARK: - Pages

    /// A row of a range: its key without topic and partition.
    struct Place: Sendable, Equatable {
        let offset: Int64
        let task: String
        let producedAt: String
    }

    /// Some rows of a range, one after the other.
    struct Page: Sendable {
        var texts: [(text: RelabelText, content: String)] = []
        /// Rows that are to be relabelled and whose text is not stored.
        var withoutText = 0
        /// The last row that was looked at; nil at the end of the range.
        var last: Place?
    }

    /// Looks at the rows behind a place.
    ///
    /// - Parameters:
    ///   - place: nil: at the beginning of the range.
    ///   - limit: of the rows that are looked at, whether they are to be relabelled or not.
    ///   - bytes: of texts, beyond the first.
    func page(
        of range: RelabelRange, _ selection: RelabelSelection, after place: Place?, limit: Int, bytes: Int
    ) async throws(ConnectorError) -> Page {
        let place = place ?? Place(offset: range.first - 1, task: "", producedAt: "-infinity")
        let parameters: [PostgresValue] = [
            .text(range.topic), .integer(Int64(range.partition)), .integer(range.first), .integer(range.last),
            .integer(place.offset), .text(place.task), .text(place.producedAt), .integer(Int64(limit)),
            .integer(Int64(bytes)),
        ]
        return try await session.run("reading stored texts") { connection in
            let result = try connection.execute(Self.pageQuery, selection.parameters + parameters)
            return try Page(result, of: range)
        }
    }

    /// Each step needs the index for so many rows and no more, wherever in the table they are. Of rows that are not to
    /// be relabelled only the last is sent. A text is fetched only if it is sent: its length is known without.
    private static let pageQuery = """
        SELECT c."offset", c.task, c.produced_at::text AS produced_at, c.labelled_at::text AS labelled_at,
            (extract(epoch FROM c.produced_at) * 1000)::bigint AS produced_ms, c.adapter_digest, c.label, c.labels,
            c.score, c.abstained, c.is_due, CASE WHEN c.is_due THEN c.text END AS text
        FROM (
            SELECT b.*, lead(1) OVER (ORDER BY b."offset", b.task, b.produced_at) IS NULL AS is_last
            FROM (
                SELECT a.*, sum(CASE WHEN a.is_due THEN octet_length(a.text) END) OVER (
                        ORDER BY a."offset", a.task, a.produced_at
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
                FROM (
                    SELECT l."offset", l.task, l.produced_at, l.labelled_at, l.adapter_digest, l.label, l.labels,
                        l.score, l.abstained, l.text, (\(RelabelSelection.isDue)) AS is_due
                    FROM lorikeet.labelled_texts AS l
                    WHERE l.pipeline = $1 AND l.topic = $10 AND l."partition" = $11::integer
                        AND l."offset" BETWEEN $12::bigint AND $13::bigint
                        AND (l."offset", l.task, l.produced_at) > ($14::bigint, $15::text, $16::timestamptz)
                    ORDER BY l."offset", l.task, l.produced_at LIMIT $17::bigint
                ) AS a
            ) AS b
            WHERE coalesce(b.bytes_before, 0) <= $18::bigint
        ) AS c
        WHERE c.is_due OR c.is_last
        ORDER BY c."offset", c.task, c.produced_at
        """
}

extension PostgresRelabelRows.Page {
    fileprivate init(_ result: PostgresResult, of range: RelabelRange) throws {
        for row in result.rows {
            let offset = try row.integer("offset")
            last = .init(offset: offset, task: try row.text("task"), producedAt: try row.text("produced_at"))
            guard try row.boolean("is_due") else { continue }
            guard let content = try row.optionalText("text") else {
                withoutText += 1
                continue
            }
            let origin = Origin(topic: range.topic, partition: range.partition, offset: offset)
            add(try RelabelRow(row), origin: origin, producedAt: try row.integer("produced_ms"), content: content)
        }
    }

    /// Rows of one text stand together, so that it runs once through what its tasks share.
    fileprivate mutating func add(_ row: RelabelRow, origin: Origin, producedAt: Int64, content: String) {
        let known = texts.indices.reversed().prefix { texts[$0].text.origin == origin }.first { index in
            texts[index].text.rows[0].producedAt == row.producedAt && texts[index].content == content
        }
        if let known {
            texts[known].text.rows.append(row)
        } else {
            texts.append((RelabelText(origin: origin, producedAt: producedAt, rows: [row]), content))
        }
    }
}

extension RelabelRow {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            task: try row.text("task"), label: try row.optionalText("label"),
            labels: try row.optionalTexts("labels").map { $0.compactMap(\.self) }, score: try row.double("score"),
            abstained: try row.boolean("abstained"), adapterDigest: try row.text("adapter_digest"),
            producedAt: try row.text("produced_at"), labelledAt: try row.text("labelled_at"))
    }
}
