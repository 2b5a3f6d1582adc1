import AdapterRegistry
import BERT
import FoundationEssentials
import PostgresClient
import Serving

/// Statements on `lorikeet.adapters`. Those that change rows require ``lock(_:)`` in the same transaction.
struct AdapterRows {
    private let connection: BoundedConnection

    init(_ connection: BoundedConnection) { self.connection = connection }

    /// All columns except the weights.
    private static let columns =
        "task, version, digest, base_digest, state, metrics, parent_digest, training_range::text AS training_range, "
        + "promoted_by, promotion_reason, weights IS NULL AS is_pruned, shadow::text AS shadow, "
        + "accepted_dtype, "
        + "coalesce(manifest->>'dtype', 'float32') AS dtype, "
        + ExactTime.column("shadow_since") + ", "
        + ExactTime.column("created_at") + ", " + ExactTime.column("promoted_at")

    // MARK: - Reading

    func versions(where condition: String, _ parameters: [PostgresValue]) throws -> [AdapterVersion] {
        let result = try connection.execute(
            "SELECT \(Self.columns) FROM lorikeet.adapters WHERE \(condition) ORDER BY task, version", parameters)
        return try result.rows.map(AdapterVersion.init)
    }

    func version(task: String, digest: String) throws -> AdapterVersion? {
        try versions(where: "task = $1 AND digest = $2", [.text(task), .text(digest)]).first
    }

    func version(task: String, number: Int) throws -> AdapterVersion? {
        try versions(where: "task = $1 AND version = $2::bigint", [.text(task), .integer(Int64(number))]).first
    }

    func live(task: String) throws -> AdapterVersion? {
        try versions(where: "task = $1 AND state = 'live'", [.text(task)]).first
    }

    func stored(digest: String) throws -> StoredAdapterRow? {
        let result = try connection.execute(
            """
            SELECT \(Self.columns), manifest::text AS manifest, weights FROM lorikeet.adapters
            WHERE digest = $1 ORDER BY weights IS NULL, training_rows IS NULL, task, version LIMIT 1
            """, [.text(digest)])
        return try result.first.map(StoredAdapterRow.init)
    }

    /// The columns `training_rows` and `training_range` of a version that has them; nil if none has.
    func trainingRows(digest: String) throws -> (bytes: [UInt8], range: String?)? {
        let found = try connection.execute(
            """
            SELECT training_rows, training_range::text AS range FROM lorikeet.adapters
            WHERE digest = $1 AND training_rows IS NOT NULL ORDER BY weights IS NULL, task, version LIMIT 1
            """, [.text(digest)]
        ).first
        return try found.map { (try $0.bytes("training_rows"), try $0.optionalText("range")) }
    }

    func manifest(task: String, version: Int) throws -> String? {
        try connection.execute(
            "SELECT manifest::text AS manifest FROM lorikeet.adapters WHERE task = $1 AND version = $2::bigint",
            [.text(task), .integer(Int64(version))]
        ).first?.text("manifest")
    }

    /// Versions whose weights nobody needs: of those that are retired or rejected all but the newest, and not the one
    /// that a rollback would make live.
    func prunable(task: String, keeping count: Int) throws -> [AdapterVersion] {
        let spared = try predecessor(task: task).map { PostgresValue.integer(Int64($0)) } ?? .null
        return try versions(
            where: """
                task = $1 AND state IN ('retired', 'rejected') AND weights IS NOT NULL
                AND version IS DISTINCT FROM $2::bigint AND version NOT IN (
                    SELECT version FROM lorikeet.adapters
                    WHERE task = $1 AND state IN ('retired', 'rejected') AND weights IS NOT NULL
                    ORDER BY version DESC LIMIT $3::bigint)
                """, [.text(task), spared, .integer(Int64(max(0, count)))])
    }

    // MARK: - Changing

    func removeWeights(task: String, version: Int) throws -> AdapterVersion {
        try one(
            """
            UPDATE lorikeet.adapters SET weights = NULL
            WHERE task = $1 AND version = $2::bigint RETURNING \(Self.columns)
            """, [.text(task), .integer(Int64(version))])
    }

    /// The advisory lock covers versions that do not exist yet, the row locks changes by hand.
    func lock(_ task: String) throws {
        try connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('lorikeet adapters ' || $1::text, 0))", [.text(task)])
        try connection.execute(
            "SELECT version FROM lorikeet.adapters WHERE task = $1 ORDER BY version FOR UPDATE", [.text(task)])
    }

    func insert(_ adapter: NewAdapter) throws -> AdapterVersion {
        try one(
            """
            INSERT INTO lorikeet.adapters (
                task, version, digest, base_digest, manifest, weights, metrics, parent_digest, training_rows,
                training_range)
            SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4::jsonb, $5, $6::jsonb, $7, $8, $9::jsonb
            FROM lorikeet.adapters WHERE task = $1
            RETURNING \(Self.columns)
            """,
            [
                .text(adapter.task), .text(adapter.digest), .text(adapter.baseDigest), .json(adapter.manifest),
                .bytes(adapter.weights),
                .json(adapter.metrics), adapter.parentDigest.map(PostgresValue.text) ?? .null,
            ] + adapter.rowValues)
    }

    /// Adds what is not known yet of a version that is published again: its training rows, and weights that were
    /// removed.
    func complete(_ version: AdapterVersion, from adapter: NewAdapter) throws -> AdapterVersion {
        guard version.isPruned || version.trainingRange == nil && adapter.trainingRows != nil else { return version }
        return try one(
            """
            UPDATE lorikeet.adapters SET weights = coalesce(weights, $3),
                training_rows = coalesce(training_rows, $4), training_range = coalesce(training_range, $5::jsonb)
            WHERE task = $1 AND version = $2::bigint RETURNING \(Self.columns)
            """,
            [.text(version.task), .integer(Int64(version.version)), .bytes(adapter.weights)] + adapter.rowValues)
    }

    func accept(task: String, version: Int, over dtype: String) throws -> AdapterVersion {
        try one(
            """
            UPDATE lorikeet.adapters SET accepted_dtype = $3
            WHERE task = $1 AND version = $2::bigint RETURNING \(Self.columns)
            """, [.text(task), .integer(Int64(version)), .text(dtype)])
    }

    func retireLive(task: String) throws {
        try connection.execute(
            "UPDATE lorikeet.adapters SET state = 'retired' WHERE task = $1 AND state = 'live'", [.text(task)])
    }

    /// Later rollbacks skip what a rollback has taken back, because it is rejected.
    func rejectLive(task: String) throws {
        try connection.execute(
            "UPDATE lorikeet.adapters SET state = 'rejected', succession = NULL WHERE task = $1 AND state = 'live'",
            [.text(task)])
    }

    /// - Parameter isSuccessor: it becomes the last in the succession; otherwise it keeps its place.
    func makeLive(
        task: String, version: Int, _ promotion: Promotion, isSuccessor: Bool
    ) throws -> AdapterVersion {
        let live = try one(
            """
            UPDATE lorikeet.adapters SET state = 'live', promoted_at = now(), promoted_by = $4,
                promotion_reason = $5, succession = CASE WHEN $3::boolean
                THEN (SELECT coalesce(max(succession), 0) + 1 FROM lorikeet.adapters WHERE task = $1)
                ELSE succession END
            WHERE task = $1 AND version = $2::bigint RETURNING \(Self.columns)
            """,
            [
                .text(task), .integer(Int64(version)), .boolean(isSuccessor),
                .text(StorableText.text(promotion.by)), .text(StorableText.text(promotion.reason)),
            ])
        try notify(task)
        return live
    }

    func markRejected(task: String, version: Int) throws -> AdapterVersion {
        let rejected = try one(
            """
            UPDATE lorikeet.adapters SET state = 'rejected', succession = NULL
            WHERE task = $1 AND version = $2::bigint RETURNING \(Self.columns)
            """, [.text(task), .integer(Int64(version))])
        // It may have been in shadow.
        try notify(task)
        return rejected
    }

    /// Tells every daemon once the transaction commits.
    private func notify(_ task: String) throws {
        try connection.execute("SELECT pg_notify($1, $2)", [.text(Connectors.adapterChannel), .text(task)])
    }

    // MARK: - Shadow

    func putInShadow(task: String, version: Int, _ terms: ShadowTerms) throws -> AdapterVersion {
        let shadow = try one(
            """
            UPDATE lorikeet.adapters SET state = 'shadow', shadow_since = clock_timestamp(), shadow = $3::jsonb,
                succession = NULL
            WHERE task = $1 AND version = $2::bigint RETURNING \(Self.columns)
            """, [.text(task), .integer(Int64(version)), .json(terms.json)])
        try notify(task)
        return shadow
    }

    func leaveShadow(task: String, version: Int) throws -> AdapterVersion {
        let candidate = try one(
            """
            UPDATE lorikeet.adapters SET state = 'candidate'
            WHERE task = $1 AND version = $2::bigint RETURNING \(Self.columns)
            """, [.text(task), .integer(Int64(version))])
        try notify(task)
        return candidate
    }

    /// - Parameter version: one that is spared; nil: none is.
    func rejectShadow(task: String, except version: Int?) throws {
        let spared = version.map { PostgresValue.integer(Int64($0)) } ?? .null
        let rejected = try connection.execute(
            """
            UPDATE lorikeet.adapters SET state = 'rejected'
            WHERE task = $1 AND state = 'shadow' AND version IS DISTINCT FROM $2::bigint
            """, [.text(task), spared])
        if rejected.affectedRows > 0 { try notify(task) }
    }

    // MARK: - Succession

    /// The version that was live before the present one.
    func predecessor(task: String) throws -> Int? {
        let result = try connection.execute(
            """
            SELECT version::bigint AS version FROM lorikeet.adapters
            WHERE task = $1 AND state = 'retired' AND weights IS NOT NULL
                AND succession < (SELECT succession FROM lorikeet.adapters WHERE task = $1 AND state = 'live')
            ORDER BY succession DESC LIMIT 1
            """, [.text(task)])
        return try result.first.map { Int(try $0.integer("version")) }
    }

    private func one(_ sql: String, _ parameters: [PostgresValue]) throws -> AdapterVersion {
        guard let row = try connection.execute(sql, parameters).first else {
            throw ConnectorError(action: .stop, reason: "a row of lorikeet.adapters disappeared while it was locked")
        }
        return try AdapterVersion(row)
    }
}

extension AdapterVersion {
    init(_ row: PostgresRow) throws {
        let state = try row.text("state")
        guard let known = AdapterState(rawValue: state) else {
            throw ConnectorError(action: .stop, reason: "lorikeet.adapters contains the unknown state \(state)")
        }
        let metrics = try? JSONDecoder().decode([String: Double].self, from: Data(try row.text("metrics").utf8))
        self.init(
            task: try row.text("task"), version: Int(try row.integer("version")), digest: try row.text("digest"),
            baseDigest: try row.text("base_digest"), state: known, metrics: metrics ?? [:],
            parentDigest: try row.optionalText("parent_digest"), createdAt: try ExactTime.date(row, "created_at"),
            promotedAt: try ExactTime.optionalDate(row, "promoted_at"))
        promotion = try row.optionalText("promoted_by").map { by in
            Promotion(by: by, reason: try row.optionalText("promotion_reason") ?? "")
        }
        trainingRange = try row.optionalText("training_range").flatMap { TrainingRowRange(json: Array($0.utf8)) }
        isPruned = try row.boolean("is_pruned")
        dataType = DataType(rawValue: try row.text("dtype"))
        acceptedDtype = try row.optionalText("accepted_dtype")
        // Terms that were changed by hand and cannot be read must not keep the live version from being read.
        if let since = try ExactTime.optionalDate(row, "shadow_since"),
            let terms = try row.optionalText("shadow").flatMap(ShadowTerms.init)
        {
            shadow = ShadowPeriod(since: since, terms: terms)
        }
    }
}
