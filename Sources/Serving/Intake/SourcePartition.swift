/// One partition of one topic.
public struct SourcePartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The topic's name.
    public let topic: String
    /// From 0.
    public let partition: Int32

    /// - Parameters: as the properties.
    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// By topic, then by number.
    public static func < (left: Self, right: Self) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }

    /// `topic/partition`.
    public var description: String { "\(topic)/\(partition)" }
}
