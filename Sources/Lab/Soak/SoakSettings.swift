/// What `lorikeet soak` was asked for.
public struct SoakSettings: Sendable {
    var duration: Duration
    var seed: UInt64
    var base: String
    var brokers: String?
    /// The command that breaks and mends those brokers.
    var breakBroker: String?
    var topic: String
    var database: String?
    var logs: String?

    public init(
        duration: Duration, seed: UInt64, base: String, brokers: String? = nil, breakBroker: String? = nil,
        topic: String, database: String? = nil, logs: String? = nil
    ) {
        self.duration = duration
        self.seed = seed
        self.base = base
        self.brokers = brokers
        self.breakBroker = breakBroker
        self.topic = topic
        self.database = database
        self.logs = logs
    }
    /// Of the private broker's topic.
    let partitions = 4
    let daemons = 2
    /// So many messages may be produced that are not stored yet: the private broker forgets what is beyond 5 MiB a partition.
    let maximumLag = 4000
}

/// What came of it.
public struct SoakResult: Sendable {
    var faults: Int
    var messages: Int
    var count: SoakCount
    var memory: (first: Int, last: Int)
    /// Ends of daemons that nobody asked for.
    var ownEnds: Int

    public var holds: Bool { count.lost == 0 && count.doubled == 0 && ownEnds == 0 }

    public var line: String {
        let ends = ownEnds == 0 ? "" : ", \(ownEnds) daemons ended by themselves"
        return "faults \(faults), messages \(messages), lost \(count.lost), doubled \(count.doubled), "
            + "memory \(memory.first) -> \(memory.last) MB" + ends
    }
}
