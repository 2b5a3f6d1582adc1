/// Reacts to rebalances. The source calls it synchronously on its own thread, within ``TextSource/next()``,
/// ``TextSource/start(listener:)`` or ``TextSource/close()``. It may block for some seconds.
public protocol PartitionListener: Sendable {
    /// Partitions are assigned in addition to those before.
    func partitionsAssigned(_ partitions: [SourcePartition])

    /// Partitions are revoked.
    ///
    /// - Parameter lost: another member may own them already, so nothing of them may be committed.
    /// - Returns: offsets to commit before the partitions are given up (of the next message to read).
    func partitionsRevoked(_ partitions: [SourcePartition], lost: Bool) -> [SourcePartition: Int64]

    /// A committed offset was out of range, and reading resumes where the source's settings say.
    ///
    /// - Parameter reason: which partition, from where to where; no message data.
    func offsetReset(_ reason: String)
}
