import Connectors
import Pipelines
import Serving

/// `lorikeet migrate`: brings the schema to the version of this program.
public enum MigrateOperation {
    /// Creates or migrates the schema `lorikeet`.
    ///
    /// - Parameters:
    ///   - postgres: a libpq connection string of a role that may create tables.
    ///   - role: a role that is granted what the daemon needs, and no more.
    ///   - createsRole: whether a role that does not exist is created.
    ///   - isPartitioned: whether the large tables of a new schema get a partition per month.
    /// - Throws: status 78 where only a person can help, 1 if the database is unavailable.
    public static func run(
        postgres: Secret, role: String? = nil, createsRole: Bool = false, isPartitioned: Bool = false
    ) async throws(CommandFailure) -> MigrateReport {
        let settings = PostgresSettings(dsn: postgres.value, applicationName: "lorikeet migrate")
        do throws(ConnectorError) {
            let change = try await Schema.migrate(
                settings, grantingTo: role, createsRole: createsRole, isPartitioned: isPartitioned)
            return MigrateReport(before: change.before, after: change.after)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Moves texts that an older version stored in `labels` to `messages`, while daemons run. Goes on where an earlier
    /// call was cancelled.
    ///
    /// - Throws: as ``run(postgres:role:createsRole:isPartitioned:)``.
    public static func moveTexts(
        postgres: Secret, progress: @escaping @Sendable (TextMoveProgress) -> Void = { _ in }
    ) async throws(CommandFailure) -> TextMoveReport {
        let settings = PostgresSettings(dsn: postgres.value, applicationName: "lorikeet migrate")
        do throws(ConnectorError) {
            return try await Schema.moveTexts(settings, progress: progress)
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// What a migration did.
public struct MigrateReport: Sendable, Codable, Equatable {
    /// Version of the schema before; 0 if there was none.
    public var before: Int
    /// Version of the schema now.
    public var after: Int
    /// Rows of `labels` whose texts were moved to `messages`.
    public var movedTexts = 0
}
