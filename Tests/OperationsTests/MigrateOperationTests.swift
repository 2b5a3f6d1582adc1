import Connectors
import TestSupport
import Testing

@testable import Operations
@testable import Pipelines

@Test func migratingTwiceChangesNothing() async throws {
    try await withTestDatabase { database in
        let first = try await MigrateOperation.run(postgres: Secret(database.dsn()))
        #expect(first == MigrateReport(before: 0, after: Schema.expectedVersion))
        let second = try await MigrateOperation.run(postgres: Secret(database.dsn()))
        #expect(second == MigrateReport(before: Schema.expectedVersion, after: Schema.expectedVersion))
    }
}
