/// Hears of partitions that come and go. Called synchronously on the source's own thread, within
/// ``TextSource/next()``, ``TextSource/start(listener:)`` or ``TextSource/close()``; it may block for some seconds.
public protocol PartitionListener: Sendable {
    func partitionsAssigned(_ partitions: [SourcePartition])

    /// - Parameter lost: another member may own them already: nothing of them may be committed.
    /// - Returns: positions to commit before the partitions are given up (the offset of the next message to read).
    func partitionsRevoked(_ partitions: [SourcePartition], lost: Bool) -> [SourcePartition: Int64]

    /// A position was out of range, and reading goes on where the source's settings say.
    ///
    /// - Parameter reason: which partition, from where to where; no message data.
    func positionReset(_ reason: String)
}

extension PartitionListener {
    public func positionReset(_ reason: String) {}
}

/// Where texts come from: a member of a consumer group, one call at a time.
public protocol TextSource: Sendable {
    /// The consumer group that it joins, which assigns partitions before anything can be read; nil: it joins none.
    nonisolated var consumerGroup: String? { get }

    /// Connects and joins; returns before partitions are assigned.
    func start(listener: any PartitionListener) async throws(SourceError)

    /// The next messages, in the order of each partition; waits a bounded time, some 100 ms, and may come back empty.
    ///
    /// Also keeps the membership alive, so it is called while paused. Messages of a partition that was revoked during the
    /// call must not be among those it returns.
    func next() async throws(SourceError) -> [SourceMessage]

    /// Stops fetching, membership goes on; partitions assigned meanwhile start paused.
    func pause() async throws(SourceError)

    /// Fetches again.
    func resume() async throws(SourceError)

    /// Commits positions (the offset of the next message to read) and waits for the answer.
    func commit(_ positions: [SourcePartition: Int64]) async throws(SourceError)

    /// How many messages of each assigned partition are waiting behind what was delivered, as far as is known.
    func lag() async -> [SourcePartition: Int64]

    /// Leaves the group; tells the listener of the partitions that it gives up.
    func close() async
}

extension TextSource {
    public nonisolated var consumerGroup: String? { nil }
}
