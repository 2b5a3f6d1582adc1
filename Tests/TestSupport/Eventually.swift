/// A state that did not come within the time limit.
public struct NeverCame: Error, CustomStringConvertible {
    /// What never came.
    public let description: String

    /// - Parameter description: as the property.
    public init(description: String) { self.description = description }
}

/// Waits for a state of another process or thread that notifies nobody.
public func eventually(
    _ what: String, within limit: Duration = .seconds(120), _ holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !holds() {
        guard ContinuousClock.now < deadline else { throw NeverCame(description: "never came: \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
