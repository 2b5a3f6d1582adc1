import TestSupport

@testable import Serving

/// One random history of a group member: what a broker, workers, a database and bad luck do to ``DeliveryTracker``, and
/// what a model that knows everything says about it after each step. No I/O, no clock; the same seed gives the same
/// history.
struct DeliveryHistory {
    static let steps = 48

    let seed: UInt64
    private(set) var transcript: [String] = []
    private let records: Bool
    private var random: TestRandom
    private var tracker = DeliveryTracker()

    // What the model knows.
    private let partitions = (0..<3).map { SourcePartition(topic: "texts", partition: $0) }
    /// Messages that each partition's topic has in its present life; one that is made anew begins another.
    private let length: Int64 = 12
    private var life = [0, 0, 0]
    private var stored: Set<Message> = []
    private var committed: [Int64] = [0, 0, 0]
    /// Next offset to read, for partitions that are ours.
    private var reading: [Int64?] = [nil, nil, nil]
    /// Delivered to us and neither stored nor given up.
    private var inFlight: [InFlight] = []
    /// Entries that the tracker may hold: those from the first that is not settled on, in this assignment.
    private var received: [[InFlight]] = [[], [], []]
    private var broken: String?

    private struct Message: Hashable {
        var partition: Int
        var life: Int
        var offset: Int64
    }

    private struct InFlight {
        var message: Message
        var ticket: DeliveryTracker.Ticket
    }

    init(seed: UInt64, records: Bool = false) {
        self.seed = seed
        self.records = records
        random = TestRandom(seed: seed)
    }

    /// - Returns: the first promise that was broken.
    mutating func run() -> String? {
        for _ in 0..<Self.steps {
            step()
            if let broken = broken ?? check() { return broken }
        }
        end()
        return broken ?? check() ?? unfinished()
    }

    private mutating func step() {
        let partition = below(3)
        switch below(16) {
        case 0, 1: assign(partition)
        case 2: revoke(partition, lost: below(2) == 0)
        case 3...7: receive(partition)
        case 8...10: finishBatch()
        case 11: settleAgain()
        case 12: commit(isRefused: below(4) == 0)
        case 13: if below(3) == 0 { crash() } else { commit(isRefused: false) }
        case 14: giveBack(partition)
        default: if below(4) == 0 { makeAnew(partition) } else { receive(partition) }
        }
    }

    /// The member stays, nothing fails any more: all that the topic has must come to be stored and committed.
    private mutating func end() {
        if records { transcript.append("the end: everything works") }
        crash()
        for partition in partitions.indices {
            assign(partition)
            while let offset = reading[partition], offset < length { receive(partition) }
        }
        while !inFlight.isEmpty { finishBatch() }
        commit(isRefused: false)
    }

    // MARK: - What happens

    private mutating func assign(_ partition: Int) {
        if records { transcript.append("assign \(partition), from \(committed[partition])") }
        tracker.assign([partitions[partition]])
        reading[partition] = committed[partition]
        received[partition] = []
    }

    private mutating func revoke(_ partition: Int, lost: Bool) {
        if records { transcript.append("\(lost ? "lose" : "revoke") \(partition)") }
        let positions = tracker.revoke([partitions[partition]])
        if !lost { apply(positions) }
        release(partition)
    }

    /// Somebody else may own it by now, and store what we have not.
    private mutating func release(_ partition: Int) {
        reading[partition] = nil
        received[partition] = []
    }

    private mutating func receive(_ partition: Int) {
        guard let offset = reading[partition], offset < length else {
            if records { transcript.append("nothing to receive from \(partition)") }
            return
        }
        if records { transcript.append("receive \(partition)@\(offset)") }
        let message = Message(partition: partition, life: life[partition], offset: offset)
        let origin = Origin(topic: "texts", partition: Int32(partition), offset: offset)
        if let ticket = tracker.receive(origin, bytes: 3) {
            inFlight.append(InFlight(message: message, ticket: ticket))
            received[partition].append(InFlight(message: message, ticket: ticket))
        } else {
            broken = "\(partition) is ours, and its message was refused"
        }
        // A gap in the offsets, as compaction leaves: nobody will ever read that one.
        let isGap = offset + 2 < length && below(6) == 0
        if isGap { stored.insert(Message(partition: partition, life: life[partition], offset: offset + 1)) }
        reading[partition] = offset + (isGap ? 2 : 1)
    }

    /// A worker's batch, whichever: it fails, and is tried again later, or it is stored in one transaction.
    private mutating func finishBatch() {
        var batch: [InFlight] = []
        for _ in 0...below(4) where !inFlight.isEmpty { batch.append(inFlight.remove(at: below(inFlight.count))) }
        if batch.isEmpty {
            if records { transcript.append("nothing to store") }
            return
        }
        let fails = below(4) == 0
        if records {
            let origins = batch.map { "\($0.message.partition)@\($0.message.offset)" }.joined(separator: " ")
            transcript.append("\(fails ? "fail" : "store") \(origins)")
        }
        if fails {
            inFlight += batch
            return
        }
        // As the sink does: what is not ours any more is left to its owner.
        let current = batch.filter { tracker.isCurrent($0.ticket) }
        for item in current { stored.insert(item.message) }
        tracker.settle(current.map(\.ticket))
    }

    /// The same messages are reported once more, also those of earlier assignments: nothing may move.
    private mutating func settleAgain() {
        let settled = received.joined().filter { item in
            stored.contains(item.message) && !inFlight.contains { $0.ticket == item.ticket }
        }
        if records { transcript.append("settle \(settled.count) again") }
        tracker.settle(settled.map(\.ticket))
    }

    private mutating func commit(isRefused: Bool) {
        if records { transcript.append(isRefused ? "commit, refused" : "commit") }
        let positions = tracker.committable
        if isRefused { return }
        apply(positions)
        tracker.committed(positions)
        if !tracker.committable.isEmpty { broken = "there is still something to commit" }
    }

    /// Everything in memory is gone; the next process begins with nothing.
    private mutating func crash() {
        if records { transcript.append("crash") }
        tracker = DeliveryTracker()
        inFlight = []
        for partition in partitions.indices { release(partition) }
    }

    /// Texts that no worker has taken are given back when their partition goes.
    private mutating func giveBack(_ partition: Int) {
        let items = inFlight.filter { $0.message.partition == partition }
        if records { transcript.append("give back \(items.count) of \(partition), which goes") }
        inFlight.removeAll { $0.message.partition == partition }
        tracker.abandon(items.map(\.ticket))
        if reading[partition] != nil { revoke(partition, lost: false) }
    }

    /// The topic is deleted and made anew: offsets begin at 0, and so does what is committed.
    private mutating func makeAnew(_ partition: Int) {
        if records { transcript.append("make \(partition) anew") }
        life[partition] += 1
        committed[partition] = 0
        guard reading[partition] != nil else { return }
        if below(2) == 0 {
            _ = tracker.revoke([partitions[partition]])
            tracker.assign([partitions[partition]])
            received[partition] = []
        }
        let isSeen = tracker.inFlight > 0
        reading[partition] = 0
        if isSeen || below(2) == 0 { receive(partition) }
        // Until the first message of the new life comes, the tracker cannot know.
        if tracker.committable[partitions[partition]] != nil, reading[partition] == 0 {
            _ = tracker.revoke([partitions[partition]])
            tracker.assign([partitions[partition]])
            received[partition] = []
        }
    }

    private mutating func apply(_ positions: [SourcePartition: Int64]) {
        // Sorted: a dictionary's order differs from one to the next.
        for (partition, position) in positions.sorted(by: { $0.key < $1.key }) {
            let index = Int(partition.partition)
            if records { transcript.append("committed \(index) at \(position)") }
            if reading[index] == nil { broken = "\(index) was committed without being ours" }
            if position < committed[index] { broken = "\(index) was committed backwards" }
            committed[index] = position
        }
    }

    // MARK: - What must hold

    /// Nothing below a committed position is missing from the table; the books balance; memory is bounded.
    private func check() -> String? {
        for partition in partitions.indices {
            guard committed[partition] <= length else { return "\(partition) is committed beyond its end" }
            for offset in 0..<committed[partition] {
                let message = Message(partition: partition, life: life[partition], offset: offset)
                guard stored.contains(message) else { return "\(partition)@\(offset) is committed, but not stored" }
            }
        }
        let current = inFlight.count { tracker.isCurrent($0.ticket) }
        guard tracker.inFlight == current else { return "\(tracker.inFlight) in flight, \(current) known to the model" }
        guard tracker.inFlightBytes == 3 * current else {
            return "\(tracker.inFlightBytes) bytes in flight of \(current) messages"
        }
        for partition in partitions.indices {
            let own = inFlight.count { $0.message.partition == partition && tracker.isCurrent($0.ticket) }
            guard tracker.inFlight(in: [partitions[partition]]) == own else {
                return "\(partition) waits for the wrong number"
            }
        }
        let kept = bound
        guard tracker.entryCount <= kept else {
            return "\(tracker.entryCount) entries are kept, of which \(kept) are needed"
        }
        return nil
    }

    /// Entries from the first that is not settled on, in the partitions that are ours.
    private var bound: Int {
        let waiting = Set(inFlight.map(\.ticket))
        return received.reduce(0) { sum, items in
            sum + (items.firstIndex { waiting.contains($0.ticket) }.map { items.count - $0 } ?? 0)
        }
    }

    /// At the end, each text is stored and each partition committed to its end.
    private func unfinished() -> String? {
        for partition in partitions.indices {
            guard committed[partition] == length else {
                return "\(partition) is committed only up to \(committed[partition])"
            }
        }
        return nil
    }

    private mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
}
