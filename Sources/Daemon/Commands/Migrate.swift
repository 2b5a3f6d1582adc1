/// `lorikeet migrate`: brings the schema to the version of this program.
public enum Migrate {
    /// - Parameters:
    ///   - postgres: a libpq connection string of a role that may create tables.
    ///   - role: a role that is granted what the daemon needs, and no more.
    public static func run(postgres: Secret, role: String? = nil) async throws(CommandFailure) -> MigrationReport {
        throw CommandFailure(.failed, "not there yet")
    }
}

/// Versions of the schema before and after.
public struct MigrationReport: Sendable, Codable, Equatable {
    public var before: Int
    public var after: Int
}
