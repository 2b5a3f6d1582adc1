/// What happens on the source's thread when partitions come and go.
struct RebalanceListener: PartitionListener {
    let ledger: DeliveryLedger
    let batches: BatchStage
    let telemetry: PipelineTelemetry
    /// How long a revocation may wait for what is in flight.
    let patience: @Sendable () -> Duration

    func partitionsAssigned(_ partitions: [SourcePartition]) {
        ledger.assign(partitions)
        telemetry.assigned(partitions)
    }

    /// Texts that no worker has taken yet are given back unread; those that one has are waited for, so that the next owner
    /// need not do them again.
    func partitionsRevoked(_ partitions: [SourcePartition], lost: Bool) -> [SourcePartition: Int64] {
        let unread = batches.remove(partitions: Set(partitions))
        ledger.abandon(unread.map(\.ticket))
        let positions = ledger.revoke(partitions, patience: lost ? .zero : patience())
        telemetry.revoked(partitions, lost: lost, unfinished: unread.count)
        return lost ? [:] : positions
    }

    func positionReset(_ reason: String) { telemetry.positionReset(reason) }
}
