/// Waiting for what can only be looked at: a table of the database or a page of another process announces nothing.
enum Waiting {
    /// Looks again and again until something holds.
    ///
    /// - Parameters:
    ///   - event: completes the sentence "timed out after N s: …".
    ///   - interval: between two looks.
    /// - Throws: ``LabError`` when the time is up, `CancellationError`, and what `holds` throws.
    static func until(
        _ event: @autoclosure () -> String, within limit: Duration, every interval: Duration = .milliseconds(50),
        isolation: isolated (any Actor)? = #isolation, _ holds: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !holds() {
            guard ContinuousClock.now < deadline else {
                throw LabError("timed out after \(limit.components.seconds) s: \(event())")
            }
            try await Task.sleep(for: interval)
        }
    }
}
