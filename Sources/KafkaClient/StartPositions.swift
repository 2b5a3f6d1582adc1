/// Finds where a group begins in partitions of which it has committed no offset.
///
/// The start is for topics that are new to the group. A partition that was added to a topic which the group has read,
/// and a topic that appeared while this member runs, hold nothing that was to be skipped: they begin at their first
/// message.
///
/// Asks the brokers, within the rebalance: once a partition is assigned without a position, librdkafka reads it from
/// where `auto.offset.reset` says.
struct StartPositions {
    let start: ConsumerStart
    /// Positions that were found, and that the group does not know yet: a commit may fail in a rebalance. Until it
    /// succeeds they hold for this member, which commits them again, with its next offsets, and before it gives them
    /// up.
    private(set) var uncommitted: [TopicPartition: Int64] = [:]
    /// Whether this member has had partitions before: topics that the group has not read appeared later then.
    private var hasBegun = false

    /// How long each answer may take. The group waits meanwhile.
    private static let timeout = Duration.seconds(10)

    init(_ start: ConsumerStart) { self.start = start }

    /// Finds the positions of those among assigned partitions that the group has never read.
    ///
    /// Of a topic that is new to the group, all partitions are among them, whoever owns them. If each member committed
    /// only its own, a member that comes a little later would take its partitions for added ones.
    ///
    /// - Returns: what is to be committed.
    mutating func find(
        _ partitions: [TopicPartition], client: OpaquePointer
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        if partitions.isEmpty { return [:] }
        let isFirst = !hasBegun
        hasBegun = true
        if start == .byDefault { return [:] }
        let own = try committed(partitions, client)
        noteCommitted(own)
        guard own.count < partitions.count else { return [:] }
        let all = try partitionsOfTopics(of: partitions, client)
        // One answer for all partitions, which counts from here on: another member may have committed since the first.
        let known = try committed(all, client)
        noteCommitted(known)
        let read = Set(known.keys.map(\.topic))
        func isNew(_ partition: TopicPartition) -> Bool { isFirst && !read.contains(partition.topic) }
        let unread = all.filter { known[$0] == nil && uncommitted[$0] == nil }
        let added = unread.filter { !isNew($0) && partitions.contains($0) }
        var found = try offsets(of: added, at: .beginning, client)
        let new = unread.filter(isNew)
        if case .time(let milliseconds) = start {
            found.merge(try offsets(of: new, at: .time(milliseconds), client)) { $1 }
        }
        // `latest`, or no message is as young as the time.
        found.merge(try offsets(of: new.filter { found[$0] == nil }, at: .end, client)) { $1 }
        uncommitted.merge(found) { $1 }
        return completed([:], of: all)
    }

    /// What is to be committed for partitions that this member has: these offsets, and the positions of the others.
    func completed(
        _ offsets: [TopicPartition: Int64], of partitions: some Collection<TopicPartition>
    ) -> [TopicPartition: Int64] {
        if uncommitted.isEmpty { return offsets }
        return uncommitted.filter { partitions.contains($0.key) }.merging(offsets) { $1 }
    }

    mutating func noteCommitted(_ offsets: [TopicPartition: Int64]) {
        if !uncommitted.isEmpty { uncommitted = uncommitted.filter { offsets[$0.key] == nil } }
    }

    // MARK: - Questions to the brokers

    private func committed(
        _ partitions: [TopicPartition], _ client: OpaquePointer
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let list = try PartitionList.committed(partitions, client: client, timeout: Self.timeout)
        if let error = list.entries.compactMap(\.error).first { throw error }
        return list.offsets
    }

    /// All partitions of the topics that these are of.
    private func partitionsOfTopics(
        of partitions: [TopicPartition], _ client: OpaquePointer
    ) throws(KafkaError) -> [TopicPartition] {
        let topics = try KafkaProbe.topics(of: client, within: Self.timeout)
        var all = Set(partitions)
        for topic in Set(partitions.map(\.topic)) {
            for number in 0..<(topics[topic]?.partitions ?? 0) {
                all.insert(TopicPartition(topic: topic, partition: Int32(number)))
            }
        }
        return all.sorted()
    }

    private func offsets(
        of partitions: [TopicPartition], at place: KafkaReader.Place, _ client: OpaquePointer
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try PartitionList.offsets(of: partitions, at: place, client: client, timeout: Self.timeout)
    }
}
