import Connectors
import Pipelines

/// `lorikeet migrate`: brings the schema to the version of this program.
public enum MigrateOperation {
    /// - Parameters:
    ///   - postgres: a libpq connection string of a role that may create tables.
    ///   - role: a role that is granted what the daemon needs, and no more.
    public static func run(postgres: Secret, role: String? = nil) async throws(CommandFailure) -> MigrationReport {
        let settings = PostgresSettings(dsn: postgres.value, applicationName: "lorikeet migrate")
        do throws(DatabaseError) {
            let change = try await Schema.migrate(settings, grantingTo: role)
            return MigrationReport(before: change.before, after: change.after)
        } catch {
            throw CommandFailure(error.action == .stop ? .configuration : .failed, "database: \(error)")
        }
    }
}

/// Versions of the schema before and after.
public struct MigrationReport: Sendable, Codable, Equatable {
    public var before: Int
    public var after: Int
}
