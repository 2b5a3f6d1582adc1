/// Where a message comes from. Identifies it as long as its topic is not created again.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
    /// The topic's name.
    public let topic: String
    /// From 0.
    public let partition: Int32
    /// From 0.
    public let offset: Int64

    /// - Parameters: as the properties.
    public init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }

    /// Topic and partition alone.
    public var sourcePartition: SourcePartition { SourcePartition(topic: topic, partition: partition) }
    /// `topic/partition@offset`.
    public var description: String { "\(topic)/\(partition)@\(offset)" }
}

/// A record as the source delivered it.
public struct SourceMessage: Sendable {
    /// Topic, partition and offset.
    public let origin: Origin
    /// `nil` is a null key. The record's own, until ``MessageReader`` has found another one in the payload.
    public var key: [UInt8]?
    /// `nil` is a null payload (a tombstone).
    public var payload: [UInt8]?
    /// In the order of the record; a name may occur more than once.
    public let headers: [(name: String, value: [UInt8]?)]
    /// The record's own timestamp, in milliseconds since 1970; `nil` if it has none.
    public let producedAt: Int64?

    /// - Parameters: as the properties.
    public init(
        origin: Origin, key: [UInt8]? = nil, payload: [UInt8]?, headers: [(name: String, value: [UInt8]?)] = [],
        producedAt: Int64? = nil
    ) {
        self.origin = origin
        self.key = key
        self.payload = payload
        self.headers = headers
        self.producedAt = producedAt
    }

    /// Bytes of key, payload and headers: about what the message takes in memory.
    public var byteCount: Int {
        (key?.count ?? 0) + (payload?.count ?? 0)
            + headers.reduce(0) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) }
    }
}
