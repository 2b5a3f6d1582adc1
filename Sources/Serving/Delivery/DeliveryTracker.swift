import DequeModule

/// Knows which messages are on their way and which position of each partition may be committed: a state machine without I/O.
///
/// A position is committable when every message that was received before it, in this assignment of the partition, is
/// settled: stored, rejected or dropped. Order is the order of arrival. Where offsets go back (a topic that was deleted and made
/// anew), what came before is still to be stored, but no longer moves the position. Each assignment of a partition is a
/// generation of its own: what belongs to an earlier one neither counts nor moves anything.
public struct DeliveryTracker: Sendable {
    /// A received message's place in the books.
    public struct Ticket: Hashable, Sendable {
        public let partition: SourcePartition
        let generation: UInt64
        /// Counts arrivals in this generation.
        let sequence: Int
    }

    fileprivate enum Condition: Sendable {
        case underway
        /// Given up unread: it will be delivered again to whoever owns the partition next.
        case abandoned
        case settled
    }

    fileprivate struct Entry: Sendable {
        /// Position behind the message; `nil` once offsets went back after it.
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
        var underway = 0
        /// Where reading would go on after all that is settled without a gap; `nil` before the first.
        var position: Int64?
        var committed: Int64?
    }

    private var assignments: [SourcePartition: Assignment] = [:]
    private var generation: UInt64 = 0

    /// Messages received and neither settled nor given up.
    public private(set) var inFlight = 0
    /// Bytes of these.
    public private(set) var inFlightBytes = 0

    /// Messages whose place is kept: those in flight, and what is settled behind one of them.
    var kept: Int { assignments.values.reduce(0) { $0 + $1.entries.count } }

    public init() {}

    public var partitions: [SourcePartition] { assignments.keys.sorted() }

    // MARK: - Partitions come and go

    /// Partitions are ours from now on. One that already was begins a new generation.
    public mutating func assign(_ partitions: [SourcePartition]) {
        revoke(partitions)
        for partition in partitions {
            generation += 1
            assignments[partition] = Assignment(generation: generation)
        }
    }

    /// Partitions are given up.
    ///
    /// - Returns: what may still be committed of them; of no use where they are lost.
    @discardableResult
    public mutating func revoke(_ partitions: [SourcePartition]) -> [SourcePartition: Int64] {
        var positions: [SourcePartition: Int64] = [:]
        for partition in partitions {
            guard let assignment = assignments.removeValue(forKey: partition) else { continue }
            for entry in assignment.entries where entry.condition == .underway { leave(entry) }
            if let position = assignment.position, position != assignment.committed { positions[partition] = position }
        }
        return positions
    }

    // MARK: - Messages come and go

    /// - Parameters:
    ///   - bytes: what the message weighs while it is in flight.
    ///   - producedAt: its own timestamp, in milliseconds since 1970, for ``oldestProducedAt``.
    /// - Returns: `nil` if the partition is not ours: the message is to be forgotten.
    public mutating func receive(_ origin: Origin, bytes: Int, producedAt: Int64? = nil) -> Ticket? {
        var place = Place()
        return receive(origin, bytes: bytes, producedAt: producedAt, place: &place)
    }

    /// As ``receive(_:bytes:producedAt:)`` for each: messages come in runs of one partition, which is then looked up once.
    mutating func receive(_ messages: [SourceMessage]) -> [Ticket?] {
        var place = Place()
        return messages.map { receive($0.origin, bytes: $0.byteCount, producedAt: $0.producedAt, place: &place) }
    }

    private mutating func receive(_ origin: Origin, bytes: Int, producedAt: Int64?, place: inout Place) -> Ticket? {
        guard let index = place.index(of: origin.sourcePartition, in: assignments) else { return nil }
        inFlight += 1
        inFlightBytes += bytes
        return assignments.values[index].append(origin, bytes: bytes, producedAt: producedAt)
    }

    /// Messages are stored, or need not be. Tickets of an earlier generation are ignored.
    public mutating func settle(_ tickets: some Sequence<Ticket>) {
        finish(tickets, as: .settled)
    }

    /// Messages are given up unread. Positions stop before them for good.
    public mutating func abandon(_ tickets: some Sequence<Ticket>) {
        finish(tickets, as: .abandoned)
    }

    /// Whether a ticket's partition has been ours all the time since.
    public func isCurrent(_ ticket: Ticket) -> Bool {
        assignments[ticket.partition]?.generation == ticket.generation
    }

    /// Messages of these partitions that are still to be waited for.
    public func underway(in partitions: some Sequence<SourcePartition>) -> Int {
        partitions.reduce(0) { $0 + (assignments[$1]?.underway ?? 0) }
    }

    /// The timestamp of the oldest message in flight, as the order of arrival has it; `nil` if none is or none has one.
    public var oldestProducedAt: Int64? { assignments.values.compactMap { $0.entries.first?.producedAt }.min() }

    // MARK: - Positions

    /// What can be committed and is not yet.
    public var committable: [SourcePartition: Int64] {
        assignments.compactMapValues { $0.position == $0.committed ? nil : $0.position }
    }

    /// These positions have been committed.
    public mutating func committed(_ positions: [SourcePartition: Int64]) {
        for (partition, position) in positions { assignments[partition]?.committed = position }
    }

    // MARK: -

    private mutating func leave(_ entry: Entry) {
        inFlight -= 1
        inFlightBytes -= entry.bytes
    }

    private mutating func finish(_ tickets: some Sequence<Ticket>, as condition: Condition) {
        var place = Place()
        for ticket in tickets {
            guard let index = place.index(of: ticket.partition, in: assignments),
                assignments.values[index].generation == ticket.generation,
                let entry = assignments.values[index].finish(ticket.sequence, as: condition)
            else { continue }
            leave(entry)
        }
    }

    /// Where the partition that was asked for last is among the assignments, which must not change meanwhile.
    private struct Place {
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
        entries.append(.init(next: origin.offset + 1, bytes: bytes, producedAt: producedAt, condition: .underway))
        underway += 1
        return DeliveryTracker.Ticket(
            partition: origin.sourcePartition, generation: generation, sequence: first + entries.count - 1)
    }

    /// Offsets begin anew: positions of what came before mean nothing now.
    private mutating func rewind() {
        for index in entries.indices { entries[index].next = nil }
        (position, committed) = (nil, nil)
    }

    /// - Returns: the entry, if it was underway until now.
    fileprivate mutating func finish(
        _ sequence: Int, as condition: DeliveryTracker.Condition
    ) -> DeliveryTracker.Entry? {
        let index = sequence - first
        guard entries.indices.contains(index), entries[index].condition == .underway else { return nil }
        entries[index].condition = condition
        underway -= 1
        let entry = entries[index]
        while let head = entries.first, head.condition == .settled {
            position = head.next ?? position
            first += 1
            entries.removeFirst()
        }
        return entry
    }
}
