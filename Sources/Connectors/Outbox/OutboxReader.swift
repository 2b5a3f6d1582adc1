import FoundationEssentials
import JSON
import PostgresClient
import Serving

/// Reads records of the outbox with what is to be published of them.
struct OutboxReader {
    let pipeline: String
    let settings: OutboxSettings
    /// Kinds that are passed over.
    var omitted: Set<OutboxKind> = []

    /// Bytes of payloads that are read together, beyond the first.
    private static let maximumBytes = 16 << 20

    /// The first records, in order.
    func records(limit: Int, on connection: BoundedConnection) throws -> [OutboxRecord] {
        let kinds = settings.kinds.filter { !omitted.contains($0) }
        let result = try connection.execute(
            Self.query,
            [
                .text(pipeline), .integer(Int64(limit)), settings.tasks.map { .texts($0.sorted()) } ?? .null,
                .integer(Int64(Self.maximumBytes)), .texts(kinds.map(\.rawValue)),
            ])
        var records: [OutboxRecord] = []
        var rows: [PostgresRow] = []
        for row in result.rows {
            if let first = rows.first, try first.integer("id") != row.integer("id") {
                records.append(try record(rows))
                rows = []
            }
            rows.append(row)
        }
        if !rows.isEmpty { records.append(try record(rows)) }
        return records
    }

    /// One row per task of a record, or one row without a task. `OFFSET 0` keeps each look-up one by key: the planner
    /// must not scan a table of millions of rows for a few records.
    private static let query = """
        WITH waiting AS (
            SELECT id, revision, kind, topic, "partition", "offset", produced_at
            FROM lorikeet.outbox WHERE pipeline = $1 AND kind = ANY ($5::text[]) ORDER BY id LIMIT $2::bigint
        ), sized AS (
            SELECT w.*, r.message_key AS rejected_key, r.headers, r.payload, r.stage, r.reason,
                sum(coalesce(octet_length(r.payload), 0)) OVER (ORDER BY w.id) - coalesce(octet_length(r.payload), 0)
                    AS bytes_before
            FROM waiting AS w
            LEFT JOIN LATERAL (
                SELECT x.message_key, x.headers, x.payload, x.stage, x.reason FROM lorikeet.rejected AS x
                WHERE w.kind = 'rejected' AND x.pipeline = $1 AND x.topic = w.topic
                    AND x."partition" = w."partition" AND x."offset" = w."offset" AND x.produced_at = w.produced_at
                OFFSET 0) AS r ON true
        )
        SELECT s.id, s.revision, s.kind, s.topic, s."partition", s."offset",
            (extract(epoch FROM s.produced_at) * 1000)::bigint AS produced_at,
            s.rejected_key, s.headers::text AS headers, s.payload, s.stage, s.reason, l.*
        FROM sized AS s
        LEFT JOIN LATERAL (
            SELECT x.message_key, x.task, x.label, x.labels, x.score, x.scores::text AS scores, x.abstained,
                x.abstention_reason, x.distance, x.adapter_digest, x.dtype, x.traceparent, x.windows, x.tokens,
                lower(x.evidence) AS evidence_begin, upper(x.evidence) AS evidence_end,
                (extract(epoch FROM x.labelled_at) * 1000)::bigint AS labelled_at
            FROM lorikeet.labels AS x
            WHERE s.kind = 'labels' AND x.pipeline = $1 AND x.topic = s.topic AND x."partition" = s."partition"
                AND x."offset" = s."offset" AND x.produced_at = s.produced_at
                AND ($3::text[] IS NULL OR x.task = ANY ($3))
            OFFSET 0) AS l ON true
        WHERE s.bytes_before <= $4::bigint
        ORDER BY s.id, l.task
        """

    private func record(_ rows: [PostgresRow]) throws -> OutboxRecord {
        let row = rows[0]
        let origin = Origin(
            topic: try row.text("topic"), partition: Int32(clamping: try row.integer("partition")),
            offset: try row.integer("offset"))
        // A constraint of the table allows no other kind.
        let kind = OutboxKind(rawValue: try row.text("kind")) ?? .labels
        let producedAt = try row.integer("produced_at")
        let message =
            switch kind {
            case .labels: try labels(rows, origin: origin, producedAt: producedAt)
            case .rejected: try rejected(row, origin: origin, producedAt: producedAt)
            }
        return OutboxRecord(
            id: try row.integer("id"), revision: try row.integer("revision"), kind: kind, origin: origin,
            producedAt: producedAt, message: message)
    }

    // MARK: - What is published

    private func labels(_ rows: [PostgresRow], origin: Origin, producedAt: Int64) throws -> OutgoingMessage? {
        if try rows[0].isNull("task") { return nil }
        let document = JSONValue.object([
            ("pipeline", .string(pipeline)), ("topic", .string(origin.topic)),
            ("partition", .integer(Int(origin.partition))), ("offset", .integer(Int(origin.offset))),
            ("produced_at", .integer(Int(producedAt))), ("labels", .object(try rows.map(member))),
        ])
        let key = settings.key == .origin ? Array(origin.description.utf8) : try rows[0].optionalBytes("message_key")
        let trace = try rows[0].optionalText("traceparent").map { [(TraceParent.header, Array($0.utf8) as [UInt8]?)] }
        return OutgoingMessage(
            key: key, payload: Array(document.text.utf8),
            headers: originHeaders(origin, producedAt: producedAt) + (trace ?? []))
    }

    /// What one task says.
    private func member(_ row: PostgresRow) throws -> (key: String, value: JSONValue) {
        let set = try row.optionalTexts("labels").map { labels in
            JSONValue.array(labels.map { .optional($0) })
        }
        // The range as `lorikeet classify` prints it.
        let evidence = try ["evidence_begin", "evidence_end"].compactMap { try row.optionalInteger($0) }
        let value = JSONValue.object([
            ("label", .optional(try row.optionalText("label"))), ("labels", set ?? .null),
            ("score", .number(try row.double("score"))),
            ("scores", try JSONParser.parse(Array(try row.text("scores").utf8))),
            ("abstained", .boolean(try row.boolean("abstained"))),
            ("abstention_reason", .optional(try row.optionalText("abstention_reason"))),
            ("distance", .optional(try row.optionalDouble("distance"))),
            ("adapter_digest", .string(try row.text("adapter_digest"))),
            ("dtype", .optional(try row.optionalText("dtype"))),
            ("windows", Self.optional(try row.optionalInteger("windows"))),
            ("tokens", Self.optional(try row.optionalInteger("tokens"))),
            ("evidence", evidence.isEmpty ? .null : .array(evidence.map { .integer(Int($0)) })),
            ("labelled_at", .integer(Int(try row.integer("labelled_at")))),
        ])
        return (try row.text("task"), value)
    }

    private static func optional(_ number: Int64?) -> JSONValue { number.map { .integer(Int($0)) } ?? .null }

    /// The record as it was read, with what is wrong as headers behind its own, of which `traceparent` may be one.
    private func rejected(_ row: PostgresRow, origin: Origin, producedAt: Int64) throws -> OutgoingMessage? {
        guard let stage = try row.optionalText("stage") else { return nil }
        let own = try row.optionalText("headers").map(Self.headers) ?? []
        let reason = try row.optionalText("reason") ?? ""
        return OutgoingMessage(
            key: try row.optionalBytes("rejected_key"), payload: try row.optionalBytes("payload"),
            headers: own + originHeaders(origin, producedAt: producedAt) + [
                ("lorikeet.stage", Array(stage.utf8)), ("lorikeet.reason", Array(reason.utf8)),
            ])
    }

    /// By which readers recognize a repetition.
    private func originHeaders(_ origin: Origin, producedAt: Int64) -> [(name: String, value: [UInt8]?)] {
        [
            ("lorikeet.pipeline", Array(pipeline.utf8)), ("lorikeet.topic", Array(origin.topic.utf8)),
            ("lorikeet.partition", Array("\(origin.partition)".utf8)),
            ("lorikeet.offset", Array("\(origin.offset)".utf8)),
            ("lorikeet.produced_at", Array("\(producedAt)".utf8)),
        ]
    }

    /// The column `headers`, as ``JSONText/headers(_:)`` writes it.
    static func headers(_ json: String) throws -> [(name: String, value: [UInt8]?)] {
        guard case .array(let entries) = try JSONParser.parse(Array(json.utf8)) else { return [] }
        return entries.compactMap { entry in
            guard case .string(let name) = entry["name"] else { return nil }
            guard case .string(let base64) = entry["base64"] else { return (name, nil) }
            return (name, Data(base64Encoded: base64).map(Array.init))
        }
    }
}
