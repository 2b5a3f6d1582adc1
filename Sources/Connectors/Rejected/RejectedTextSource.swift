import Serving

/// Rejected messages as a source of texts, so that they take the serving path again.
///
/// Their origins stay what they were, and with them their rows: a message that is labelled now loses its rejected row
/// in the transaction that stores its labels. There is no position to commit: a message that was not stored is rejected
/// as before. Offsets within a partition must ascend.
public actor RejectedTextSource: TextSource {
    private let rows: [RejectedRow]
    private let store: PostgresRejectedRows
    private let handedOut: AsyncStream<Never>
    private let handedOutContinuation: AsyncStream<Never>.Continuation

    // MARK: - Mutable State (isolated to the actor)

    private var delivered = 0
    private var isPaused = false
    private var listener: (any PartitionListener)?

    /// Messages read at once; a payload may have some megabytes.
    private static let readAhead = 32

    public init(_ rows: [RejectedRow], store: PostgresRejectedRows) {
        self.rows = rows
        self.store = store
        (handedOut, handedOutContinuation) = AsyncStream.makeStream(of: Never.self)
    }

    private var partitions: [SourcePartition] { Set(rows.map(\.origin.sourcePartition)).sorted() }

    /// Waits until the serving path has taken every message, or the source was closed. What is in flight then, a drain
    /// finishes.
    public nonisolated func untilHandedOut() async {
        for await _ in handedOut {}
    }

    public func start(listener: any PartitionListener) {
        self.listener = listener
        listener.partitionsAssigned(partitions)
    }

    public func next() async throws(ConnectorError) -> [SourceMessage] {
        // Asked again, so what was delivered before has been taken.
        if delivered == rows.count { handedOutContinuation.finish() }
        guard !isPaused, delivered < rows.count else {
            // Nothing comes from outside: the caller is only kept from asking without a pause.
            try? await Task.sleep(for: .milliseconds(20))
            return []
        }
        var messages: [SourceMessage] = []
        let chunk = rows[delivered...].prefix(Self.readAhead)
        for row in chunk {
            do throws(ConnectorError) {
                // Someone else may have labelled or discarded it meanwhile.
                if let message = try await store.message(of: row) { messages.append(message) }
            } catch {
                throw ConnectorError(
                    action: error.action == .stop ? .stop : .retry, reason: error.reason, cause: error.cause)
            }
        }
        delivered += chunk.count
        return messages
    }

    public func pause() { isPaused = true }
    public func resume() { isPaused = false }
    public func commit(_ positions: [SourcePartition: Int64]) {}

    public func lag() -> [SourcePartition: Int64] {
        rows[delivered...].reduce(into: [:]) { $0[$1.origin.sourcePartition, default: 0] += 1 }
    }

    public func close() {
        _ = listener?.partitionsRevoked(partitions, lost: false)
        listener = nil
        handedOutContinuation.finish()
    }
}
