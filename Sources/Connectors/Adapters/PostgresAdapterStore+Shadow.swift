import AdapterRegistry
import PostgresClient

/// Challengers in shadow, in `lorikeet.adapters` and `lorikeet.shadow_labels`.
extension PostgresAdapterStore {
    /// The version of each of these tasks that is in shadow, where there is one.
    public func shadows(tasks: [String]) async throws -> [AdapterVersion] {
        guard !tasks.isEmpty else { return [] }
        return try await session.run("reading challengers in shadow") { connection in
            try AdapterRows(connection).versions(where: "state = 'shadow' AND task = ANY ($1::text[])", [.texts(tasks)])
        }
    }

    /// Lets a version label beside the live one, and rejects another one that does.
    public func startShadow(
        task: String, version: Int, _ terms: ShadowTerms, expecting expected: ExpectedVersions?
    ) async throws -> AdapterVersion {
        try await change(task, version, "starting a shadow", expecting: expected) { rows, found in
            if found.state == .live { return .failure(.isLive(task: task, version: version)) }
            if found.isPruned { return .failure(.pruned(digest: found.digest)) }
            if found.state == .shadow, found.shadow?.terms == terms { return .success(found) }
            try rows.rejectShadow(task: task, except: version)
            return .success(try rows.putInShadow(task: task, version: version, terms))
        }
    }

    /// Makes a version that is in shadow a candidate again.
    public func endShadow(task: String, version: Int, expecting expected: ExpectedVersions?) async throws {
        _ = try await change(task, version, "ending a shadow", expecting: expected) { rows, found in
            guard found.state == .shadow else { return .success(found) }
            return .success(try rows.leaveShadow(task: task, version: version))
        }
    }

    /// Deletes the rows of `shadow_labels` that belong to no shadow which still lasts.
    ///
    /// - Parameters:
    ///   - task: nil stands for all tasks.
    ///   - isDryRun: deletes nothing.
    /// - Returns: how many rows they are.
    public func pruneShadowLabels(task: String?, isDryRun: Bool) async throws -> Int {
        let parameters: [PostgresValue] = [task.map(PostgresValue.text) ?? .null]
        if isDryRun {
            return try await session.run("counting shadow labels") { connection in
                let counted = try connection.execute(
                    "SELECT count(*) AS n FROM lorikeet.shadow_labels AS s WHERE \(Self.hasEnded)", parameters,
                    within: Self.pruningDeadline)
                return Int(try counted.first?.integer("n") ?? 0)
            }
        }
        var deleted = 0
        while true {
            try Task.checkCancellation()
            let count = try await session.run("deleting shadow labels") { connection in
                try connection.execute(Self.deletePart, parameters, within: Self.pruningDeadline).affectedRows
            }
            guard count > 0 else { return deleted }
            deleted += count
        }
    }

    /// A scan of the whole table may take long.
    private static var pruningDeadline: Duration { .seconds(600) }

    private static let hasEnded = """
        ($1::text IS NULL OR s.task = $1) AND NOT EXISTS (
            SELECT FROM lorikeet.adapters AS a
            WHERE a.task = s.task AND a.digest = s.adapter_digest AND a.state = 'shadow'
                AND s.labelled_at >= a.shadow_since)
        """

    /// In parts, because one large transaction would keep every other table from being vacuumed.
    private static let deletePart = """
        DELETE FROM lorikeet.shadow_labels WHERE ctid = ANY (ARRAY(
            SELECT s.ctid FROM lorikeet.shadow_labels AS s WHERE \(hasEnded) LIMIT 50000))
        """
}
