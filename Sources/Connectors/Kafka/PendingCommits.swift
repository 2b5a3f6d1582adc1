import KafkaClient

/// Positions that the group's coordinator refused because the group was being rearranged: this member has to poll
/// before it can commit again, so they are kept until then, or until their partitions go. Used on the source's thread
/// only.
final class PendingCommits {
    private(set) var positions: [TopicPartition: Int64] = [:]

    /// Refusals that end when this member has polled and joined the group anew.
    static let membershipErrors: Set<String> = [
        "UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS", "_ASSIGNMENT_LOST", "_STATE",
    ]

    /// What to commit now: newer positions, and older ones of other partitions.
    func merged(with newer: [TopicPartition: Int64]) -> [TopicPartition: Int64] {
        positions.merging(newer) { pending, newer in max(pending, newer) }
    }

    func keep(_ refused: [TopicPartition: Int64]) { positions = refused }

    func clear() { positions = [:] }

    /// Partitions go: their positions are handed over for a last commit.
    func remove(_ partitions: [TopicPartition]) -> [TopicPartition: Int64] {
        var removed: [TopicPartition: Int64] = [:]
        for partition in partitions { removed[partition] = positions.removeValue(forKey: partition) }
        return removed
    }
}
