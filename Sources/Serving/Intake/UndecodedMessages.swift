import Synchronization

/// Messages that are in flight and cannot be decoded yet, in the order of arrival. Shared by the intake and the
/// source's thread, which takes out what a rebalance revokes.
final class UndecodedMessages: Sendable {
    /// - receivedAt: by the pipeline's clock.
    typealias Entry = (message: SourceMessage, ticket: DeliveryTracker.Ticket, receivedAt: Duration)

    private let entries = Mutex<[Entry]>([])

    var isEmpty: Bool { entries.withLock { $0.isEmpty } }
    var messages: [SourceMessage] { entries.withLock { $0.map(\.message) } }

    func append(_ added: [Entry]) { entries.withLock { $0 += added } }

    /// Takes all of them.
    func take() -> [Entry] {
        entries.withLock { entries in
            defer { entries = [] }
            return entries
        }
    }

    /// Takes those of some partitions.
    func take(partitions: Set<SourcePartition>) -> [DeliveryTracker.Ticket] {
        entries.withLock { entries in
            let taken = entries.filter { partitions.contains($0.ticket.partition) }
            entries.removeAll { partitions.contains($0.ticket.partition) }
            return taken.map(\.ticket)
        }
    }
}
