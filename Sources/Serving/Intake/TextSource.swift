extension PartitionListener {
    /// Does nothing.
    public func offsetReset(_ reason: String) {}
}

/// Delivers messages, usually as a member of a consumer group. Takes one call at a time.
public protocol TextSource: Sendable {
    /// The consumer group that it joins; nil if it joins none. Nothing can be read before the group assigns partitions.
    nonisolated var consumerGroup: String? { get }

    /// Connects and joins; returns before partitions are assigned.
    func start(listener: any PartitionListener) async throws(ConnectorError)

    /// The next messages, in order per partition. Waits about 100 ms at most and may return none.
    ///
    /// Also keeps the membership alive, so it is called while paused. It must not return messages of a partition that
    /// was revoked during the call.
    func next() async throws(ConnectorError) -> [SourceMessage]

    /// Stops fetching and stays in the group. Partitions assigned meanwhile start paused.
    func pause() async throws(ConnectorError)

    /// Fetches again.
    func resume() async throws(ConnectorError)

    /// Commits offsets (of the next message to read) and waits for the answer.
    func commit(_ offsets: [SourcePartition: Int64]) async throws(ConnectorError)

    /// Messages of each assigned partition that are not delivered yet, as far as known.
    func lag() async -> [SourcePartition: Int64]

    /// Leaves the group. Reports the partitions that it gives up to the listener as revoked.
    func close() async
}

extension TextSource {
    /// nil: no group.
    public nonisolated var consumerGroup: String? { nil }
}

/// A source that ends: a part of a topic, or rows.
public protocol BoundedTextSource: TextSource {
    /// Waits until the serving path has received every message, or the source is closed. Nothing is left then but to
    /// settle what is in flight.
    nonisolated func untilHandedOut() async
}
