/// Brings finished messages back into the order in which their partition delivered them: a state machine without I/O.
///
/// Workers finish batches in any order. A pipeline that publishes its records stores them in order, so that the outbox
/// has the order of each partition. A message waits here until all before it are finished.
struct OutcomeOrder: Sendable {
    /// One assignment of a partition.
    private struct Line {
        let generation: UInt64
        /// Sequence of the first message that has not passed.
        var next = 0
        /// Finished messages behind it by sequence; nil for one that was dropped.
        var waiting: [Int: FinishedText?] = [:]

        mutating func advance() -> [FinishedText] {
            var passed: [FinishedText] = []
            while let entry = waiting.removeValue(forKey: next) {
                if let entry { passed.append(entry) }
                next += 1
            }
            return passed
        }
    }

    private var lines: [SourcePartition: Line] = [:]

    /// Messages that wait for others before them.
    var waitingCount: Int { lines.values.reduce(0) { $0 + $1.waiting.count } }

    /// - Returns: those that can be stored now, in order per partition.
    mutating func add(_ finished: [FinishedText]) -> [FinishedText] {
        place(finished.map { ($0.ticket, $0) })
    }

    /// Messages were dropped: the next ones need not wait for them.
    ///
    /// - Returns: as ``add(_:)``.
    mutating func skip(_ tickets: [DeliveryTracker.Ticket]) -> [FinishedText] {
        place(tickets.map { ($0, nil) })
    }

    /// Partitions were revoked: what waits behind a message that was abandoned never passes.
    mutating func forget(_ partitions: [SourcePartition]) {
        for partition in partitions { lines[partition] = nil }
    }

    private mutating func place(_ entries: [(DeliveryTracker.Ticket, FinishedText?)]) -> [FinishedText] {
        var passed: [FinishedText] = []
        for (ticket, text) in entries {
            var line = lines[ticket.partition] ?? Line(generation: ticket.generation)
            // What is left of an earlier assignment is another member's now.
            if ticket.generation < line.generation { continue }
            if ticket.generation > line.generation { line = Line(generation: ticket.generation) }
            // Taken out, so that it is changed in place.
            lines[ticket.partition] = nil
            if ticket.sequence >= line.next { line.waiting[ticket.sequence] = .some(text) }
            passed += line.advance()
            lines[ticket.partition] = line
        }
        return passed
    }
}
