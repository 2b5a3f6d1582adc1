import DequeModule

/// Tracks which messages are in flight and which offset of each partition may be committed: a state machine without
/// I/O.
///
/// An offset is committable once every message received before it, in this assignment of the partition, is settled:
/// stored, rejected or dropped. Order is order of arrival. If offsets go back, because a topic was deleted and created
/// again, earlier messages are still stored but no longer move the offset. Each assignment of a partition is a
/// generation of its own. Tickets of earlier generations count for nothing.
public struct DeliveryTracker: Sendable {
    /// Identifies a received message until it is settled or abandoned.
    public struct Ticket: Hashable, Sendable {
        /// The partition that the message came from.
        public let partition: SourcePartition
        let generation: UInt64
        /// Counts arrivals in this generation.
        let sequence: Int
    }

    fileprivate enum Condition: Sendable {
        case inFlight
        /// Given back unread: the partition's next owner receives it again.
        case abandoned
        case settled
    }

    fileprivate struct Entry: Sendable {
        /// The offset behind the message; `nil` once offsets went back after it.
        var next: Int64?
        let bytes: Int
        let producedAt: Int64?
        var condition: Condition
    }

    fileprivate struct Assignment: Sendable {
        let generation: UInt64
        /// Sequence of the first entry.
        var first = 0
        var entries: Deque<Entry> = []
        /// Offset of the newest entry.
        var newest: Int64?
        /// Entries that are neither settled nor abandoned.
        var inFlight = 0
        /// The offset behind everything that is settled without a gap; `nil` before the first.
        var settled: Int64?
        var committed: Int64?
    }

    private var assignments: [SourcePartition: Assignment] = [:]
    private var generation: UInt64 = 0

    /// Messages received and neither settled nor abandoned.
    public private(set) var inFlight = 0
    /// Bytes of these.
    public private(set) var inFlightBytes = 0

    /// Entries held: messages in flight, and settled ones behind one of them.
    var entryCount: Int { assignments.values.reduce(0) { $0 + $1.entries.count } }

    /// Without partitions.
    public init() {}

    /// The partitions assigned now, in order.
    public var partitions: [SourcePartition] { assignments.keys.sorted() }

    // MARK: - Rebalances

    /// Partitions are ours from now on. One that already was starts a new generation.
    public mutating func assign(_ partitions: [SourcePartition]) {
        revoke(partitions)
        for partition in partitions {
            generation += 1
            assignments[partition] = Assignment(generation: generation)
        }
    }

    /// Partitions are ours no longer.
    ///
    /// - Returns: offsets that may still be committed, unless the partitions are lost.
    @discardableResult
    public mutating func revoke(_ partitions: [SourcePartition]) -> [SourcePartition: Int64] {
        var offsets: [SourcePartition: Int64] = [:]
        for partition in partitions {
            guard let assignment = assignments.removeValue(forKey: partition) else { continue }
            for entry in assignment.entries where entry.condition == .inFlight { leave(entry) }
            if let offset = assignment.settled, offset != assignment.committed { offsets[partition] = offset }
        }
        return offsets
    }

    // MARK: - Messages

    /// - Parameters:
    ///   - origin: where the message came from.
    ///   - bytes: its size in memory while it is in flight.
    ///   - producedAt: its timestamp in milliseconds since 1970, for ``oldestProducedAt``.
    /// - Returns: `nil` if the partition is not ours. The caller then drops the message.
    public mutating func receive(_ origin: Origin, bytes: Int, producedAt: Int64? = nil) -> Ticket? {
        var lookup = Lookup()
        return receive(origin, bytes: bytes, producedAt: producedAt, lookup: &lookup)
    }

    /// ``receive(_:bytes:producedAt:)`` for each. Messages come in runs of one partition, which is looked up once per
    /// run.
    mutating func receive(_ messages: [SourceMessage]) -> [Ticket?] {
        var lookup = Lookup()
        return messages.map { receive($0.origin, bytes: $0.byteCount, producedAt: $0.producedAt, lookup: &lookup) }
    }

    private mutating func receive(_ origin: Origin, bytes: Int, producedAt: Int64?, lookup: inout Lookup) -> Ticket? {
        guard let index = lookup.index(of: origin.sourcePartition, in: assignments) else { return nil }
        inFlight += 1
        inFlightBytes += bytes
        return assignments.values[index].append(origin, bytes: bytes, producedAt: producedAt)
    }

    /// Messages are stored, rejected or dropped. Tickets of earlier generations are ignored.
    public mutating func settle(_ tickets: some Sequence<Ticket>) {
        finish(tickets, as: .settled)
    }

    /// Messages are given back unread. Committable offsets stop before them for good.
    public mutating func abandon(_ tickets: some Sequence<Ticket>) {
        finish(tickets, as: .abandoned)
    }

    /// Whether the ticket's partition has stayed ours since.
    public func isCurrent(_ ticket: Ticket) -> Bool {
        assignments[ticket.partition]?.generation == ticket.generation
    }

    /// Messages of these partitions that are in flight.
    public func inFlight(in partitions: some Sequence<SourcePartition>) -> Int {
        partitions.reduce(0) { $0 + (assignments[$1]?.inFlight ?? 0) }
    }

    /// Whether the committable offset of one of these partitions can still move: a message is in flight before those
    /// that were abandoned.
    public func canAdvance(in partitions: some Sequence<SourcePartition>) -> Bool {
        partitions.contains { assignments[$0]?.entries.first?.condition == .inFlight }
    }

    /// The timestamp of the message in flight that arrived first in its partition, the least over all partitions; `nil`
    /// if nothing is in flight or has a timestamp.
    public var oldestProducedAt: Int64? { assignments.values.compactMap { $0.entries.first?.producedAt }.min() }

    // MARK: - Offsets

    /// Offsets that can be committed and are not yet.
    public var committable: [SourcePartition: Int64] {
        assignments.compactMapValues { $0.settled == $0.committed ? nil : $0.settled }
    }

    /// These offsets are committed.
    public mutating func committed(_ offsets: [SourcePartition: Int64]) {
        for (partition, offset) in offsets { assignments[partition]?.committed = offset }
    }

    // MARK: - Entries

    private mutating func leave(_ entry: Entry) {
        inFlight -= 1
        inFlightBytes -= entry.bytes
    }

    private mutating func finish(_ tickets: some Sequence<Ticket>, as condition: Condition) {
        var lookup = Lookup()
        for ticket in tickets {
            guard let index = lookup.index(of: ticket.partition, in: assignments),
                assignments.values[index].generation == ticket.generation,
                let entry = assignments.values[index].finish(ticket.sequence, as: condition)
            else { continue }
            leave(entry)
        }
    }

    /// Remembers the index of the partition looked up last. The assignments must not change meanwhile.
    private struct Lookup {
        private var last: (partition: SourcePartition, index: Dictionary<SourcePartition, Assignment>.Index?)?

        mutating func index(
            of partition: SourcePartition, in assignments: [SourcePartition: Assignment]
        ) -> Dictionary<SourcePartition, Assignment>.Index? {
            if let last, last.partition == partition { return last.index }
            let index = assignments.index(forKey: partition)
            last = (partition, index)
            return index
        }
    }
}

extension DeliveryTracker.Assignment {
    fileprivate mutating func append(_ origin: Origin, bytes: Int, producedAt: Int64?) -> DeliveryTracker.Ticket {
        if let newest, origin.offset <= newest { rewind() }
        newest = origin.offset
        entries.append(.init(next: origin.offset + 1, bytes: bytes, producedAt: producedAt, condition: .inFlight))
        inFlight += 1
        return DeliveryTracker.Ticket(
            partition: origin.sourcePartition, generation: generation, sequence: first + entries.count - 1)
    }

    /// Offsets start over: those before mean nothing now.
    private mutating func rewind() {
        for index in entries.indices { entries[index].next = nil }
        (settled, committed) = (nil, nil)
    }

    /// - Returns: the entry, if it was underway until now.
    fileprivate mutating func finish(
        _ sequence: Int, as condition: DeliveryTracker.Condition
    ) -> DeliveryTracker.Entry? {
        let index = sequence - first
        guard entries.indices.contains(index), entries[index].condition == .inFlight else { return nil }
        entries[index].condition = condition
        inFlight -= 1
        let entry = entries[index]
        while let head = entries.first, head.condition == .settled {
            settled = head.next ?? settled
            first += 1
            entries.removeFirst()
        }
        return entry
    }
}
