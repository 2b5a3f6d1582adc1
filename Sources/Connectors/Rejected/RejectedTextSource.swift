import Serving
import Threading

/// Replays rejected messages, so that they take the serving path again.
///
/// Origins stay the same, and with them the keys of their rows: a message that is labelled now loses its rejected row
/// in the transaction that stores its labels. There is nothing to commit: a message that was not stored stays rejected.
/// Offsets within a partition must ascend.
public actor RejectedTextSource: BoundedTextSource {
    private let rows: [RejectedRow]
    private let store: PostgresRejectedRows
    private let handedOut = Latch<Void>()

    // MARK: - Mutable State (isolated to the actor)

    private var delivered = 0
    private var isPaused = false
    private var listener: (any PartitionListener)?

    /// Messages read at once; a payload may have megabytes.
    private static let readAhead = 32

    /// - Parameters:
    ///   - rows: what to replay.
    ///   - store: reads their messages.
    public init(_ rows: [RejectedRow], store: PostgresRejectedRows) {
        self.rows = rows
        self.store = store
    }

    private var partitions: [SourcePartition] { Set(rows.map(\.origin.sourcePartition)).sorted() }

    /// As ``BoundedTextSource/untilHandedOut()``.
    public nonisolated func untilHandedOut() async { await handedOut.value }

    /// Assigns the partitions of all rows.
    public func start(listener: any PartitionListener) {
        self.listener = listener
        listener.partitionsAssigned(partitions)
    }

    /// The next messages, read from the database.
    public func next() async throws(ConnectorError) -> [SourceMessage] {
        // Called again, so the messages delivered before have been received.
        if delivered == rows.count { handedOut.open() }
        guard !isPaused, delivered < rows.count else {
            // There is no event to wait for: this only keeps the caller from spinning.
            try? await Task.sleep(for: .milliseconds(20))
            return []
        }
        let chunk = Array(rows[delivered...].prefix(Self.readAhead))
        do throws(ConnectorError) {
            // Without those that were labelled or discarded meanwhile.
            let messages = try await store.messages(of: chunk)
            delivered += chunk.count
            return messages
        } catch {
            throw ConnectorError(
                action: error.action == .stop ? .stop : .retry, reason: error.reason, cause: error.cause)
        }
    }

    /// ``next()`` returns nothing from now on.
    public func pause() { isPaused = true }
    /// Ends ``pause()``.
    public func resume() { isPaused = false }
    /// Does nothing.
    public func commit(_ offsets: [SourcePartition: Int64]) {}

    /// Messages not delivered yet.
    public func lag() -> [SourcePartition: Int64] {
        rows[delivered...].reduce(into: [:]) { $0[$1.origin.sourcePartition, default: 0] += 1 }
    }

    /// Revokes all partitions.
    public func close() {
        _ = listener?.partitionsRevoked(partitions, lost: false)
        listener = nil
        handedOut.open()
    }
}
