import TestSupport
import Testing

@testable import Serving

/// Random histories of a small consumer group member against a model that knows everything: which messages the topic
/// has, which are stored, what the broker has as committed. A seed that fails prints its transcript.
struct DeliveryTrackerModelTests {
    @Test(.timeLimit(.minutes(2)), arguments: 0..<8)
    func noHistoryLosesAMessage(block: Int) {
        for seed in 0..<12_500 {
            var history = History(seed: UInt64(block * 12_500 + seed))
            if let broken = history.run(steps: 40) {
                Issue.record("seed \(history.seed): \(broken)\n\(history.transcript.joined(separator: "\n"))")
                return
            }
        }
    }

    @Test func sameSeedGivesTheSameHistory() {
        var (one, two) = (History(seed: 7), History(seed: 7))
        _ = (one.run(steps: 40), two.run(steps: 40))
        #expect(one.transcript == two.transcript)
        #expect(one.transcript.count == 40)
    }
}

private struct History {
    let seed: UInt64
    private(set) var transcript: [String] = []
    private var random: TestRandom
    private var tracker = DeliveryTracker()

    // What the model knows.
    private let partitions = (0..<3).map { SourcePartition(topic: "texts", partition: $0) }
    /// Messages each partition's topic has; a recreated topic begins a new life with none.
    private var length: [SourcePartition: Int64] = [:]
    private var life: [SourcePartition: Int] = [:]
    private var stored: Set<Message> = []
    private var committed: [SourcePartition: Int64] = [:]
    /// Next offset to read, for partitions that are ours.
    private var reading: [SourcePartition: Int64] = [:]
    /// Delivered to us and neither stored nor given up, with the tickets.
    private var underway: [(message: Message, ticket: DeliveryTracker.Ticket)] = []

    private struct Message: Hashable {
        var partition: SourcePartition
        var life: Int
        var offset: Int64
    }

    init(seed: UInt64) {
        self.seed = seed
        random = TestRandom(seed: seed)
        for partition in partitions { (length[partition], life[partition], committed[partition]) = (12, 0, 0) }
    }

    /// - Returns: the first promise that was broken.
    mutating func run(steps: Int) -> String? {
        for _ in 0..<steps {
            step()
            if let broken = check() { return broken }
        }
        return nil
    }

    private mutating func step() {
        let partition = partitions[Int(random.next() % 3)]
        switch random.next() % 12 {
        case 0: assign(partition)
        case 1: revoke(partition, lost: random.next() % 2 == 0)
        case 2...5: receive(partition)
        case 6...8: store()
        case 9: commit()
        case 10: crash()
        default: random.next() % 4 == 0 ? recreate(partition) : abandon(partition)
        }
    }

    private mutating func assign(_ partition: SourcePartition) {
        transcript.append("assign \(partition)")
        tracker.assign([partition])
        reading[partition] = committed[partition]
    }

    private mutating func revoke(_ partition: SourcePartition, lost: Bool) {
        transcript.append("\(lost ? "lose" : "revoke") \(partition)")
        let positions = tracker.revoke([partition])
        if !lost { apply(positions) }
        reading[partition] = nil
    }

    private mutating func receive(_ partition: SourcePartition) {
        guard let offset = reading[partition], offset < length[partition, default: 0] else {
            return transcript.append("nothing to receive from \(partition)")
        }
        transcript.append("receive \(partition)@\(offset)")
        let origin = Origin(topic: partition.topic, partition: partition.partition, offset: offset)
        if let ticket = tracker.receive(origin, bytes: 1) {
            underway.append((Message(partition: partition, life: life[partition, default: 0], offset: offset), ticket))
        }
        reading[partition] = offset + 1 + Int64(random.next() % 5 == 0 ? 1 : 0)
        if reading[partition] == offset + 2 {
            // A gap in the offsets, as compaction leaves: nobody will ever read that one.
            stored.insert(Message(partition: partition, life: life[partition, default: 0], offset: offset + 1))
        }
    }

    /// One message gets stored, whichever; the tracker may know it no longer.
    private mutating func store() {
        guard !underway.isEmpty else { return transcript.append("nothing to store") }
        let (message, ticket) = underway.remove(at: Int(random.next() % UInt64(underway.count)))
        transcript.append("store \(message.partition)@\(message.offset)")
        stored.insert(message)
        tracker.settle([ticket])
    }

    private mutating func abandon(_ partition: SourcePartition) {
        transcript.append("abandon one of \(partition)")
        guard let index = underway.firstIndex(where: { $0.message.partition == partition }) else { return }
        let (_, ticket) = underway.remove(at: index)
        tracker.abandon([ticket])
        // Given up only because the partition goes: its current owner would read it again.
        if tracker.isCurrent(ticket) { revokeAfterAbandon(partition) }
    }

    private mutating func revokeAfterAbandon(_ partition: SourcePartition) {
        apply(tracker.revoke([partition]))
        reading[partition] = nil
    }

    private mutating func commit() {
        transcript.append("commit")
        let positions = tracker.committable
        apply(positions)
        tracker.committed(positions)
    }

    /// Everything in memory is gone; the next process begins with nothing assigned.
    private mutating func crash() {
        transcript.append("crash")
        tracker = DeliveryTracker()
        underway = []
        reading = [:]
    }

    /// The topic is deleted and made anew while it is ours or not: offsets begin at 0, and so does what is committed.
    private mutating func recreate(_ partition: SourcePartition) {
        transcript.append("recreate \(partition)")
        life[partition, default: 0] += 1
        committed[partition] = 0
        guard reading[partition] != nil else { return }
        if random.next() % 2 == 0 {
            _ = tracker.revoke([partition])
            tracker.assign([partition])
        }
        reading[partition] = 0
        receive(partition)
    }

    private mutating func apply(_ positions: [SourcePartition: Int64]) {
        for (partition, position) in positions {
            guard reading[partition] != nil else {
                transcript.append("committed \(partition) without owning it")
                committed[partition] = .max
                continue
            }
            committed[partition] = position
        }
    }

    /// Nothing below a committed position is missing from the table; the books balance.
    private func check() -> String? {
        for partition in partitions {
            let position = committed[partition, default: 0]
            guard position <= length[partition, default: 0] + 1 else { return "\(partition) committed beyond its end" }
            for offset in 0..<max(0, min(position, length[partition, default: 0])) {
                let message = Message(partition: partition, life: life[partition, default: 0], offset: offset)
                guard stored.contains(message) else { return "\(partition)@\(offset) is committed, but not stored" }
            }
        }
        let current = underway.count { tracker.isCurrent($0.ticket) }
        guard tracker.inFlight == current else { return "\(tracker.inFlight) in flight, \(current) known to the model" }
        guard tracker.inFlightBytes == current else { return "bytes in flight do not balance" }
        return nil
    }
}
