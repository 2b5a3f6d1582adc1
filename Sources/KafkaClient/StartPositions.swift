import CRdKafka
import Threading

/// Finds where a group begins in partitions of which it has committed no offset.
///
/// The start is for topics that are new to the group. A partition that was added to a topic which the group has read,
/// and a topic that appeared while this member runs, hold nothing that was to be skipped: they begin at their first
/// message.
///
/// Asks the brokers, within the rebalance: once a partition is assigned without a position, librdkafka reads it from
/// where `auto.offset.reset` says.
struct StartPositions {
    let client: OpaquePointer
    let start: ConsumerStart
    /// Whether this member has had partitions before.
    let hasBegun: Bool

    /// How long each answer may take. The group waits meanwhile.
    private static let timeout = Duration.seconds(10)

    /// The offsets to begin at, and to commit; partitions that the group has read before are left out.
    ///
    /// Of a topic that is new to the group, all partitions are among them, whoever owns them. If each member committed
    /// only its own, a member that comes a little later would take its partitions for added ones.
    func offsets(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        guard start != .byDefault, !partitions.isEmpty else { return [:] }
        let known = try committed(partitions)
        let unread = partitions.filter { known[$0] == nil }
        guard !unread.isEmpty else { return [:] }
        let all = try partitionsOfTopics(of: unread)
        let read = Set(try committed(all).keys.map(\.topic))
        let later = unread.filter { hasBegun || read.contains($0.topic) }
        var offsets = try offsets(of: later, at: .beginning)
        let new = hasBegun ? [] : all.filter { !read.contains($0.topic) }
        if case .time(let milliseconds) = start {
            offsets.merge(try self.offsets(of: new, at: .time(milliseconds))) { $1 }
        }
        // `latest`, or no message is as young as the time.
        offsets.merge(try self.offsets(of: new.filter { offsets[$0] == nil }, at: .end)) { $1 }
        return offsets
    }

    private func committed(_ partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        let list = PartitionList(partitions)
        let timeout = Self.timeout.milliseconds
        try KafkaError.check(list.withPointer { rd_kafka_committed(client, $0, timeout) })
        if let error = list.entries.compactMap(\.error).first { throw error }
        return list.offsets
    }

    /// All partitions of the topics that these are of.
    private func partitionsOfTopics(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition] {
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
        of partitions: [TopicPartition], at place: KafkaReader.Place
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try PartitionList.offsets(of: partitions, at: place, client: client, timeout: Self.timeout)
    }
}
