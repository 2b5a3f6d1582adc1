/// What a serving pipeline needs to publish what it has stored.
public struct Publication: Sendable {
    /// Where the records wait.
    public let outbox: any Outbox
    /// Where they go.
    public let publisher: any RecordPublisher
    /// Records that are read and sent together at most.
    public var maximumRecords = 2000
    /// How often the outbox is read while it is empty. The pipeline's own records are read at once.
    public var pollInterval = Duration.milliseconds(100)
    /// How often a process without the lease tries to take it.
    public var leaseInterval = Duration.seconds(1)
    /// How long a topic is left alone that takes nothing, while records of the other kind are published.
    public var topicInterval = Duration.seconds(5)
    /// How often the lease is renewed, and the depth measured, while records are on their way.
    public var heartbeat = Duration.seconds(3)
    /// How long no result may come before the log says so.
    public var silence = Duration.seconds(10)
    /// How long a drain goes on publishing.
    public var patience = Duration.seconds(1)

    /// - Parameters: as the properties.
    public init(outbox: any Outbox, publisher: any RecordPublisher) {
        (self.outbox, self.publisher) = (outbox, publisher)
    }
}
