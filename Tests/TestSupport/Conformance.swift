/// What a conformance suite found wrong; the suite throws it, and the test that runs the suite fails with it.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// Which promise is broken.
    public let description: String
}

/// Ends a conformance suite if a promise is not kept.
func require(_ isKept: Bool, _ promise: String) throws {
    if !isKept { throw ConformanceFailure(description: promise) }
}

/// Ends a conformance suite if `body` does not throw this error.
func require<Failure: Error & Equatable>(
    throwing failure: Failure, _ promise: String, _ body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as Failure where error == failure {
        return
    } catch {
        throw ConformanceFailure(description: "\(promise): threw \(error)")
    }
    throw ConformanceFailure(description: "\(promise): threw nothing")
}
