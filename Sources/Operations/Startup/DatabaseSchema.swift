import Connectors

/// Whether a database has the schema that this program works with.
public enum DatabaseSchema {
    /// Reads the version of the schema.
    ///
    /// - Throws: `ConnectorError` if the database does not answer; status 78, with the command to run, if the schema is
    ///   missing or of another version.
    public static func verify(_ settings: PostgresSettings) async throws {
        let version = try await Schema.version(settings)
        if let problem = problem(with: version) { throw CommandFailure(.configuration, "database: \(problem)") }
    }

    /// What is wrong with a schema of that version, and what to do; nil if nothing.
    static func problem(with version: Int, expected: Int = Schema.expectedVersion) -> String? {
        if version == expected { return nil }
        if version == 0 {
            return "there is no schema lorikeet; run `lorikeet migrate` as a role that may create tables"
        }
        if version > expected {
            return "the schema has version \(version), but this program knows versions up to \(expected): "
                + "install a newer lorikeet"
        }
        return "the schema has version \(version), but this program requires \(expected): run `lorikeet migrate`"
    }
}
