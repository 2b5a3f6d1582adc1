/// Rows of the schema over a connection of its own, which its user closes.
public protocol PostgresStore: Sendable {
    /// Closes the connection; the next call opens another.
    func close() async
}

extension PostgresStore {
    /// Runs the body; the connection is closed in any case.
    public func closing<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Self) async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body(self)
            await close()
            return value
        } catch {
            await close()
            throw error
        }
    }
}
