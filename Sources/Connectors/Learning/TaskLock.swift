import PostgresClient

/// An advisory lock that one process holds while it retrains a task. It ends with its connection, so that a process that is killed holds it no longer.
struct TaskLock {
    private let session: PostgresSession

    /// - Returns: `nil` if another process holds it.
    static func acquire(task: String, _ settings: PostgresSettings) async throws(DatabaseError) -> TaskLock? {
        let session = PostgresSession(settings, name: "lock \(task)")
        do throws(DatabaseError) {
            let isOurs = try await session.run("locking a task") { connection in
                let result = try connection.execute(
                    "SELECT pg_try_advisory_lock(hashtextextended('lorikeet retraining ' || $1::text, 0)) AS locked", [.text(task)])
                return try result.first?.boolean("locked") ?? false
            }
            if isOurs { return TaskLock(session: session) }
            await session.close()
            return nil
        } catch {
            await session.close()
            throw error
        }
    }

    /// Unlocks before it closes: a server frees what a closed connection held only when it notices.
    func release() async {
        try? await session.run("unlocking a task") { connection in _ = try connection.execute("SELECT pg_advisory_unlock_all()") }
        await session.close()
    }
}
