/// Reacts to rebalances, on the source's thread.
struct RebalanceListener: PartitionListener {
    let ledger: DeliveryLedger
    let batches: BatchStage
    let telemetry: PipelineTelemetry
    /// How long a revocation may wait for messages in flight.
    let patience: @Sendable () -> Duration

    func partitionsAssigned(_ partitions: [SourcePartition]) {
        ledger.assign(partitions)
        telemetry.assigned(partitions)
    }

    /// Abandons texts that no worker has taken yet and waits for those that one has, so that the next owner does not
    /// classify them again.
    func partitionsRevoked(_ partitions: [SourcePartition], lost: Bool) -> [SourcePartition: Int64] {
        let unread = batches.remove(partitions: Set(partitions))
        ledger.abandon(unread.map(\.ticket))
        let offsets = ledger.revoke(partitions, patience: lost ? .zero : patience())
        telemetry.revoked(partitions, lost: lost, abandoned: unread.count)
        return lost ? [:] : offsets
    }

    func offsetReset(_ reason: String) { telemetry.offsetReset(reason) }
}
