import PostgresClient
import Serving

/// The statements that store a batch. Each takes columns as arrays: one round trip and one plan for any number of rows.
struct LabelStatements {
    let connection: BoundedConnection
    let pipeline: String
    /// Only this task labels these messages, beside what other tasks have stored of them before; nil: all tasks do.
    let onlyTask: String?

    init(_ connection: BoundedConnection, pipeline: String, onlyTask: String? = nil) {
        self.connection = connection
        self.pipeline = pipeline
        self.onlyTask = onlyTask
    }

    /// Stores a whole batch; requires a transaction.
    func store(_ labelled: [LabelledMessage], _ rejections: [Rejection]) throws {
        try upsertLabels(labelled[...])
        try upsertShadowLabels(labelled[...])
        try forgetRejected(labelled.map(\.message))
        try storeRejections(rejections)
    }

    /// Stores the labels of messages, and each text once.
    func upsertLabels(_ messages: ArraySlice<LabelledMessage>) throws {
        for chunk in Chunks(messages, weight: Self.weight) {
            try connection.execute(
                Self.upsertLabels, LabelColumns(chunk).parameters(pipeline: pipeline) + MessageColumns(chunk).values)
        }
        try deleteTexts(of: messages.filter { $0.text == nil }.map(\.message))
    }

    /// Of the rows of a message, in bytes on the wire.
    static func weight(_ message: LabelledMessage) -> Int {
        let keys = (message.message.key?.count ?? 0) * (message.labels.count + 1)
        return 100 * (message.labels.count + 1) + keys + (message.text?.utf8.count ?? 0)
    }

    /// What is stored without a text has none, as after `store_text` was set to false.
    ///
    /// A statement of its own, after the rows of labels are locked: ``TextMove`` may just have moved a text of theirs,
    /// and a statement that began before that would not see it.
    private func deleteTexts(of messages: [SourceMessage]) throws {
        if messages.isEmpty { return }
        try connection.execute(Self.deleteTexts, KeyColumns(messages).parameters(pipeline: pipeline))
    }

    /// Labelled messages are rejected no longer, unless the other tasks may still lack their labels.
    func forgetRejected(_ messages: [SourceMessage]) throws {
        if messages.isEmpty || onlyTask != nil { return }
        try connection.execute(Self.deleteRejected, KeyColumns(messages).parameters(pipeline: pipeline))
    }

    /// Rejected messages are labelled no longer.
    func storeRejections(_ rejections: [Rejection]) throws {
        if rejections.isEmpty { return }
        for chunk in Chunks(rejections[...], weight: { 200 + $0.message.byteCount }) {
            try connection.execute(Self.upsertRejected, RejectionColumns(chunk).parameters(pipeline: pipeline))
        }
        let keys = KeyColumns(rejections.map(\.message)).parameters(pipeline: pipeline)
        try connection.execute(Self.deleteLabels, keys + [onlyTask.map(PostgresValue.text) ?? .null])
        // The texts are those of other tasks' labels too.
        if onlyTask == nil { try deleteTexts(of: rejections.map(\.message)) }
    }

    /// One statement for both tables. PostgreSQL runs the query after WITH first, so that all sinks, and ``TextMove``,
    /// lock rows of `labels` before those of `messages`. A text in `labels` is of an older version.
    private static let upsertLabels = """
        WITH stored AS (\(MessageColumns.upsert(from: 21)))
        INSERT INTO lorikeet.labels (
            pipeline, topic, "partition", "offset", task, produced_at, message_key, label, labels, score, scores,
            abstained, adapter_digest, distance, abstention_reason, dtype, windows, tokens, evidence, traceparent)
        SELECT $1, r.topic, r."partition", r."offset", r.task, r.produced_at, r.message_key, r.label,
            r.labels::text[], r.score, r.scores::jsonb, r.abstained, r.adapter_digest,
            r.distance, r.abstention_reason, r.dtype, r.windows, r.tokens, r.evidence::int4range, r.traceparent
        FROM unnest(
            $2::text[], $3::integer[], $4::bigint[], $5::text[], $6::timestamptz[], $7::bytea[], $8::text[], $9::text[],
            $10::double precision[], $11::text[], $12::boolean[], $13::text[], $14::double precision[],
            $15::text[], $16::text[], $17::integer[], $18::integer[], $19::text[], $20::text[])
            AS r(topic, "partition", "offset", task, produced_at, message_key, label, labels, score, scores, abstained,
                adapter_digest, distance, abstention_reason, dtype, windows, tokens, evidence, traceparent)
        ON CONFLICT (pipeline, topic, "partition", "offset", task, produced_at) DO UPDATE SET
            message_key = excluded.message_key, label = excluded.label, labels = excluded.labels,
            score = excluded.score, scores = excluded.scores, abstained = excluded.abstained,
            adapter_digest = excluded.adapter_digest, text = NULL, distance = excluded.distance,
            abstention_reason = excluded.abstention_reason, dtype = excluded.dtype, windows = excluded.windows,
            tokens = excluded.tokens, evidence = excluded.evidence,
            traceparent = coalesce(excluded.traceparent, labels.traceparent), labelled_at = excluded.labelled_at
        """

    private static let upsertRejected = """
        INSERT INTO lorikeet.rejected (
            pipeline, topic, "partition", "offset", produced_at, message_key, headers, payload, stage, reason,
            traceparent)
        SELECT $1, r.topic, r."partition", r."offset", r.produced_at, r.message_key, r.headers::jsonb, r.payload,
            r.stage, r.reason, r.traceparent
        FROM unnest(
            $2::text[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::text[], $8::bytea[],
            $9::text[], $10::text[], $11::text[])
            AS r(topic, "partition", "offset", produced_at, message_key, headers, payload, stage, reason,
                traceparent)
        ON CONFLICT (pipeline, topic, "partition", "offset", produced_at) DO UPDATE SET
            message_key = excluded.message_key, headers = excluded.headers, payload = excluded.payload,
            stage = excluded.stage, reason = excluded.reason,
            traceparent = excluded.traceparent, rejected_at = excluded.rejected_at
        """

    private static let deleteRejected = delete(from: "rejected")
    private static let deleteTexts = delete(from: "messages")
    /// One statement for both tables.
    private static let deleteLabels = """
        WITH shadows AS (\(delete(from: "shadow_labels")) \(isOfTask)) \(delete(from: "labels")) \(isOfTask)
        """
    private static let isOfTask = "AND ($6::text IS NULL OR t.task = $6)"

    private static func delete(from table: String) -> String {
        """
        DELETE FROM lorikeet.\(table) AS t
        USING unnest($2::text[], $3::integer[], $4::bigint[], $5::timestamptz[])
            AS k(topic, "partition", "offset", produced_at)
        WHERE t.pipeline = $1 AND t.topic = k.topic AND t."partition" = k."partition" AND t."offset" = k."offset"
            AND t.produced_at = k.produced_at
        """
    }
}

extension LabelStatements {
    /// Splits elements into runs below a weight in bytes, of at least one element: one statement each.
    struct Chunks<Element>: Sequence {
        private let elements: ArraySlice<Element>
        private let limit: Int
        private let weight: (Element) -> Int

        /// The default keeps a statement well below the limits of servers and poolers.
        init(_ elements: ArraySlice<Element>, limit: Int = 16 << 20, weight: @escaping (Element) -> Int) {
            self.elements = elements
            self.limit = limit
            self.weight = weight
        }

        func makeIterator() -> AnyIterator<ArraySlice<Element>> {
            var rest = elements
            return AnyIterator {
                guard let first = rest.first else { return nil }
                var total = weight(first)
                var end = rest.startIndex + 1
                while end < rest.endIndex, total + weight(rest[end]) <= limit {
                    total += weight(rest[end])
                    end += 1
                }
                defer { rest = rest[end...] }
                return rest[..<end]
            }
        }
    }
}
