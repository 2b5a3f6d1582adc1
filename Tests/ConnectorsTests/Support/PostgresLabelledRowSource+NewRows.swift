import Foundation
import Testing

@testable import Connectors

extension PostgresLabelledRowSource {
    /// The new rows of a task, as its schedule counts them.
    func newRows(task: String) async throws -> Int {
        try #require(try await scheduleFacts(tasks: [task], now: Date(), dtype: "int8")[task]).newRows
    }
}
