/// Holds connections that its user closes.
public protocol Closable: Sendable {
    /// Closes the connections.
    func close() async
}

extension Closable {
    /// Runs the body, and closes the connections in any case.
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
