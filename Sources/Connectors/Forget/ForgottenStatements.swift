import PostgresClient

/// The statements of ``PostgresForget``. The keys of records are columns: `$1` to `$5` are pipelines, topics,
/// partitions, offsets and times, the last as text, exact to the microsecond.
struct ForgottenStatements {
    let connection: BoundedConnection

    /// Records by key, as columns.
    private static let keys = """
        unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::text[]::timestamptz[])
            AS k(pipeline, topic, "partition", "offset", produced_at)
        """

    private static let isKey = """
        t.pipeline = k.pipeline AND t.topic = k.topic AND t."partition" = k."partition" AND t."offset" = k."offset"
            AND t.produced_at = k.produced_at
        """

    private static let columns = "t.pipeline, t.topic, t.\"partition\", t.\"offset\", t.produced_at"

    // MARK: - Finding

    /// The records of a subject that have a row anywhere: each table is read once, because none has an index by key or
    /// by text, which every row would pay for.
    func records(of subject: ForgottenSubject, limit: Int) throws -> [ForgottenRecord] {
        let parameters: [PostgresValue]
        let query: String
        switch subject {
        case .key(let key):
            (parameters, query) = ([.bytes(key)], Self.byKey)
        case .texts(let texts):
            parameters = [
                .texts(subject.storedTexts), .byteStrings(texts.map { Array($0.utf8) }),
                .byteStrings(subject.payloadParts),
            ]
            query = Self.byText
        }
        let result = try connection.execute(
            """
            SELECT pipeline, topic, "partition", "offset", produced_at::text AS produced_at FROM (\(query)) AS found
            ORDER BY 1, 2, 3, 4, 5 LIMIT \(limit)
            """, parameters, within: PostgresForget.patience)
        return try result.rows.map(ForgottenRecord.init)
    }

    /// The history keeps rows of records that have no others any more, such as one that was rejected later.
    private static let byKey = ["messages", "labels", "labels_history", "rejected"].map {
        "SELECT \(columns) FROM lorikeet.\($0) AS t WHERE t.message_key = $1"
    }.joined(separator: " UNION ")

    private static let byText = """
        SELECT \(columns) FROM lorikeet.messages AS t WHERE t.text = ANY ($1::text[])
        UNION SELECT \(columns) FROM lorikeet.labels AS t WHERE t.text = ANY ($1::text[])
        UNION SELECT \(columns) FROM lorikeet.rejected AS t
            WHERE \(holdsText("t.payload")) OR EXISTS (
                SELECT FROM jsonb_array_elements(
                    CASE jsonb_typeof(t.headers) WHEN 'array' THEN t.headers END) AS h(header)
                CROSS JOIN LATERAL (SELECT decode(h.header ->> 'base64', 'base64') AS value OFFSET 0) AS v
                WHERE \(holdsText("v.value")))
        """

    /// Bytes that are a text, or hold one as a whole value.
    private static func holdsText(_ bytes: String) -> String {
        """
        (\(bytes) = ANY ($2::bytea[])
            OR EXISTS (SELECT FROM unnest($3::bytea[]) AS p(part) WHERE position(p.part IN \(bytes)) > 0))
        """
    }

    /// The stored texts of records, nil where there is none any more. `OFFSET 0` finds each by its key.
    func texts(of records: ArraySlice<ForgottenRecord>) throws -> [String?] {
        let result = try connection.execute(
            """
            SELECT coalesce(m.text, l.text) AS text
            FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::text[]::timestamptz[])
                WITH ORDINALITY AS k(pipeline, topic, "partition", "offset", produced_at, place)
            LEFT JOIN LATERAL (SELECT t.text FROM lorikeet.messages AS t WHERE \(Self.isKey) OFFSET 0) AS m ON true
            LEFT JOIN LATERAL (
                SELECT t.text FROM lorikeet.labels AS t WHERE \(Self.isKey) AND t.text IS NOT NULL LIMIT 1) AS l ON true
            ORDER BY k.place
            """, ForgottenRecord.columns(records))
        return try result.rows.map { try $0.optionalText("text") }
    }

    // MARK: - Counting and deleting

    /// Rows of the records in every table but `annotations`.
    ///
    /// - Parameter isDryRun: only counts them.
    func forget(_ records: ArraySlice<ForgottenRecord>, isDryRun: Bool) throws -> [ForgottenTable: Int] {
        var rows: [ForgottenTable: Int] = [:]
        let columns = ForgottenRecord.columns(records)
        for table in ForgottenTable.allCases where table != .annotations {
            let name = table.rawValue
            rows[table] =
                isDryRun
                ? try count(
                    "SELECT count(*) AS rows FROM \(Self.keys) JOIN lorikeet.\(name) AS t ON \(Self.isKey)", columns)
                : try connection.execute(
                    "DELETE FROM lorikeet.\(name) AS t USING \(Self.keys) WHERE \(Self.isKey)", columns
                ).affectedRows
        }
        return rows
    }

    /// Annotations of the records: those that name the record's origin and have its text, or whatever text if the
    /// record's is not stored any more; and those of no origin that have the text of one of them.
    ///
    /// - Parameter subject: whose annotations ``forgetAnnotations(of:isDryRun:)`` forgets.
    func forgetAnnotations(
        of records: ArraySlice<ForgottenRecord>, texts: [String?], but subject: ForgottenSubject, isDryRun: Bool
    ) throws -> Int {
        // Annotations have no index by origin. Two statements, each of which reads them once: a condition with OR would
        // compare every annotation with every record.
        try connection.execute(
            "SELECT set_config('enable_hashjoin', 'on', true), set_config('enable_seqscan', 'on', true)")
        let isOfAnother = "t.text <> ALL ($1::text[]) AND ($2::bytea IS NULL OR t.key_hash IS DISTINCT FROM sha256($2))"
        let other: [PostgresValue] = [
            .texts(subject.storedTexts), subject.recordKey.map(PostgresValue.bytes) ?? .null,
        ]
        let withOrigin = try annotations(
            where: """
                \(isOfAnother) AND EXISTS (
                    SELECT FROM unnest($3::text[], $4::integer[], $5::bigint[], $6::text[])
                        AS k(topic, "partition", "offset", text)
                    WHERE k.topic = t.topic AND k."partition" = t."partition" AND k."offset" = t."offset"
                        AND (k.text IS NULL OR k.text = t.text))
                """,
            other + [
                .texts(records.map(\.topic)), .integers(records.map(\.partition)), .integers(records.map(\.offset)),
                .texts(texts),
            ], isDryRun: isDryRun)
        let withoutOrigin = try annotations(
            where: "\(isOfAnother) AND t.topic IS NULL AND t.text = ANY ($3::text[])",
            other + [.texts(texts.filter { $0 != nil })], isDryRun: isDryRun)
        return withOrigin + withoutOrigin
    }

    /// Annotations that have one of the texts, wherever they came from, or whose record had the key, wherever that is
    /// now.
    func forgetAnnotations(of subject: ForgottenSubject, isDryRun: Bool) throws -> Int {
        try annotations(where: Self.isOfSubject, Self.parameters(subject), isDryRun: isDryRun)
    }

    /// The texts of these annotations.
    func annotatedTexts(of subject: ForgottenSubject) throws -> [String] {
        try connection.execute(
            "SELECT t.text FROM lorikeet.annotations AS t WHERE \(Self.isOfSubject)", Self.parameters(subject),
            within: PostgresForget.patience
        ).rows.map { try $0.text("text") }
    }

    private static let isOfSubject = "(t.text = ANY ($1::text[]) OR t.key_hash = sha256($2::bytea))"

    private static func parameters(_ subject: ForgottenSubject) -> [PostgresValue] {
        [.texts(subject.storedTexts), subject.recordKey.map(PostgresValue.bytes) ?? .null]
    }

    private func annotations(where condition: String, _ parameters: [PostgresValue], isDryRun: Bool) throws -> Int {
        if isDryRun {
            return try count("SELECT count(*) AS rows FROM lorikeet.annotations AS t WHERE \(condition)", parameters)
        }
        return try connection.execute(
            "DELETE FROM lorikeet.annotations AS t WHERE \(condition)", parameters, within: PostgresForget.patience
        ).affectedRows
    }

    private func count(_ query: String, _ parameters: [PostgresValue]) throws -> Int {
        Int(try connection.execute(query, parameters, within: PostgresForget.patience).first?.integer("rows") ?? 0)
    }
}
