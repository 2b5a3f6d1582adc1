import CRdKafka
import Threading

/// A consumer's callbacks: they keep its assignment and the messages of the running poll.
final class ConsumerCallbacks: KafkaCallbacks {
    /// Messages of the running poll. A revocation within the poll removes its partitions' messages, so that `poll`
    /// never returns messages of a partition that was given up.
    var gathered: [KafkaMessage] = []
    private(set) var assignment: Set<TopicPartition> = []
    var isPaused = false

    /// Assigned partitions that have delivered no message yet: their committed offsets may be unknown.
    private var unread: Set<TopicPartition> = []
    private var lacksOffsets = false

    /// Set when the consumer is released without `close()`: the closures are not called any more.
    var isSilent = false
    /// Set when the last revocation is answered.
    private(set) var lastAnswer: LastAnswer?

    /// Whether destroying the client would end the process, which `ConsumerSettings.abortsUnassigned` explains.
    var abortsUnassigned = false

    /// Where a new group begins.
    var startPositions = StartPositions(.byDefault)
    /// A commit of the start that fails is repeated at this interval, and may take as long.
    private static let startCommitInterval = Duration.seconds(1)
    private var nextStartCommit = ContinuousClock.now
    private let onAssigned: ([TopicPartition]) -> Void
    private let onRevoked: ([TopicPartition], Bool) -> [TopicPartition: Int64]
    private let commitTimeout: Duration = .seconds(10)
    /// Commits on the consumer's commit queue; set once the client exists.
    var commit: (([TopicPartition: Int64], Duration) -> KafkaError?)?

    init(
        secrets: KafkaSecrets, onAssigned: @escaping ([TopicPartition]) -> Void,
        onRevoked: @escaping ([TopicPartition], Bool) -> [TopicPartition: Int64],
        onError: @escaping (KafkaError) -> Void, onLog: @escaping @Sendable (KafkaLogLine) -> Void
    ) {
        self.onAssigned = onAssigned
        self.onRevoked = onRevoked
        super.init(secrets: secrets, onError: onError, onLog: onLog)
    }

    override func rebalance(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t,
        _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    ) {
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS: assign(client, partitions)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS: revoke(client, partitions)
        default:
            report(KafkaError(code))
            forgetPause(client, PartitionList(assignment))
            // The group waits for an answer, even to an error.
            drop(Array(assignment), lost: true)
            check(rd_kafka_assign(client, nil))
        }
    }

    /// Answers a rebalance while the consumer closes: the first revocation, with all partitions. Later calls do
    /// nothing.
    ///
    /// An assignment that was waiting is withdrawn by closing. Of the revocations, one that was waiting and closing's
    /// own, librdkafka waits for one answer, and takes it for all partitions.
    func leave(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t,
        _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>, deadline: ContinuousClock.Instant
    ) {
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            abortsUnassigned = false
            return
        }
        if lastAnswer != nil { return }
        let given = PartitionEntry.read(partitions).map(\.partition)
        let isRevocation = code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS
        if !isRevocation { report(KafkaError(code)) }
        giveUp(
            Array(assignment), lost: !isRevocation || rd_kafka_assignment_lost(client) != 0,
            timeout: min(commitTimeout, max(deadline - ContinuousClock.now, .zero)))
        lastAnswer = LastAnswer(
            to: client, partitions: isRevocation && isCooperative(client) ? PartitionList(given) : nil)
    }

    /// Closing may discard a revocation that was waiting. Its partitions are gone all the same.
    func noteLeft() { drop(Array(assignment), lost: true) }

    private func assign(_ client: OpaquePointer, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        abortsUnassigned = false
        let added = PartitionEntry.read(partitions).map(\.partition)
        let begun = setStart(client, partitions, added)
        if isCooperative(client) {
            check(rd_kafka_incremental_assign(client, partitions))
        } else {
            check(rd_kafka_assign(client, partitions))
        }
        assignment.formUnion(added)
        unread.formUnion(added)
        // Committed at once: a partition that stays empty until the next start would begin elsewhere then.
        if !begun.isEmpty { commitStart(begun, timeout: commitTimeout) }
        // A paused consumer stays paused: new partitions are paused before their first fetch.
        if isPaused { check(rd_kafka_pause_partitions(client, partitions)) }
        connectionWorks()
        if !isSilent { onAssigned(added.sorted()) }
    }

    /// Sets the positions of partitions that the group has never read, and returns what to commit. If they cannot be
    /// found, the partitions begin where `auto.offset.reset` says, which by default leaves nothing out.
    private func setStart(
        _ client: OpaquePointer, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>,
        _ added: [TopicPartition]
    ) -> [TopicPartition: Int64] {
        do throws(KafkaError) {
            let offsets = try startPositions.find(added, client: client)
            for (partition, offset) in offsets {
                _ = rd_kafka_topic_partition_list_set_offset(partitions, partition.topic, partition.partition, offset)
            }
            return offsets
        } catch {
            onLog(
                KafkaLogLine(
                    level: 4, facility: "OFFSET", message: "cannot find where the group is to begin: \(error.message)"))
            return [:]
        }
    }

    private func commitNow(_ offsets: [TopicPartition: Int64], timeout: Duration) -> KafkaError? {
        guard let commit else { return nil }
        let error = commit(offsets, timeout)
        if error == nil { startPositions.noteCommitted(offsets) }
        return error
    }

    private func commitStart(_ offsets: [TopicPartition: Int64], timeout: Duration) {
        _ = commitNow(offsets, timeout: timeout)
        nextStartCommit = ContinuousClock.now + Self.startCommitInterval
    }

    /// Commits the start of this member's partitions, if that has failed and a little time has passed.
    func commitStartAgain() {
        guard !startPositions.uncommitted.isEmpty, ContinuousClock.now >= nextStartCommit else { return }
        let own = startPositions.completed([:], of: assignment)
        if !own.isEmpty { commitStart(own, timeout: Self.startCommitInterval) }
    }

    private func revoke(_ client: OpaquePointer, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        let removed = PartitionEntry.read(partitions).map(\.partition)
        giveUp(removed, lost: rd_kafka_assignment_lost(client) != 0, timeout: commitTimeout)
        forgetPause(client, PartitionList(removed))
        if isCooperative(client) {
            check(rd_kafka_incremental_unassign(client, partitions))
        } else {
            check(rd_kafka_assign(client, nil))
        }
    }

    /// Forgets partitions, and commits their offsets unless another member may own them already.
    private func giveUp(_ partitions: [TopicPartition], lost: Bool, timeout: Duration) {
        let offsets = startPositions.completed(drop(partitions, lost: lost), of: partitions)
        if !lost, !offsets.isEmpty, let error = commitNow(offsets, timeout: timeout) { report(error) }
    }

    /// librdkafka remembers that a revoked partition was paused. If the consumer resumed before the partition was
    /// assigned again, it would never be read.
    private func forgetPause(_ client: OpaquePointer, _ partitions: PartitionList) {
        if isPaused { check(partitions.withPointer { rd_kafka_resume_partitions(client, $0) }) }
    }

    /// Forgets partitions and returns the offsets to commit for them.
    @discardableResult
    private func drop(_ partitions: [TopicPartition], lost: Bool) -> [TopicPartition: Int64] {
        let removed = Set(partitions)
        gathered.removeAll { removed.contains($0.topicPartition) }
        assignment.subtract(removed)
        unread.subtract(removed)
        return isSilent || partitions.isEmpty ? [:] : onRevoked(partitions.sorted(), lost)
    }

    // MARK: - Committed offsets that the coordinator refused

    /// Answers of a broker that is not the coordinator, or not ready yet.
    private static let coordinatorErrors: Set<rd_kafka_resp_err_t.RawValue> = [
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS.rawValue, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE.rawValue,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR.rawValue,
    ]

    func noteRead(_ messages: [KafkaMessage]) {
        var last: TopicPartition?
        for message in messages where !unread.isEmpty && message.topicPartition != last {
            last = message.topicPartition
            unread.remove(message.topicPartition)
        }
    }

    func noteConsumerError(_ code: rd_kafka_resp_err_t) {
        if Self.coordinatorErrors.contains(code.rawValue) { lacksOffsets = true }
    }

    /// Once a coordinator has refused the committed offset of a partition, librdkafka neither asks again nor reads that
    /// partition. After a new assignment it asks.
    func fetchCommittedOffsetsAgain(_ client: OpaquePointer) {
        guard lacksOffsets else { return }
        lacksOffsets = false
        if unread.isEmpty { return }
        let stalled = PartitionList(unread)
        if isCooperative(client) {
            check(stalled.withPointer { rd_kafka_incremental_unassign(client, $0) })
            check(stalled.withPointer { rd_kafka_incremental_assign(client, $0) })
        } else {
            // The other partitions stay at their positions.
            let reading = PartitionList(assignment)
            check(reading.withPointer { rd_kafka_position(client, $0) })
            let positions = reading.offsets
            let all = assignment.map { ($0, unread.contains($0) ? nil : positions[$0]) }
            let unknown = Int64(RD_KAFKA_OFFSET_INVALID)
            let reassigned = PartitionList(Dictionary(uniqueKeysWithValues: all.map { ($0, $1 ?? unknown) }))
            check(reassigned.withPointer { rd_kafka_assign(client, $0) })
        }
        if isPaused { check(PartitionList(assignment).withPointer { rd_kafka_pause_partitions(client, $0) }) }
        onLog(
            KafkaLogLine(
                level: 4, facility: "OFFSET",
                message: "fetching the committed offsets again (partitions: \(unread.count))"))
    }

    private func isCooperative(_ client: OpaquePointer) -> Bool {
        rd_kafka_rebalance_protocol(client).map { String(cString: $0) } == "COOPERATIVE"
    }

    private func check(_ error: OpaquePointer?) {
        if let error { report(KafkaError(consuming: error)) }
    }

    private func check(_ code: rd_kafka_resp_err_t) {
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { report(KafkaError(code)) }
    }
}

/// The answer to the revocation that ends a membership, given by a thread of its own.
///
/// librdkafka discards an answer that reaches its group as it ends, and lets whoever gave it wait without end (seen in
/// 2.0.2). While the thread waits, the client must not be destroyed.
final class LastAnswer: Sendable {
    private let isGiven = Monitor(false)

    /// - Parameter partitions: of a cooperative revocation; nil: all.
    init(to client: OpaquePointer, partitions: sending PartitionList?) {
        nonisolated(unsafe) let client = client
        nonisolated(unsafe) let partitions = partitions
        let give: @Sendable () -> Void = { [isGiven] in
            if let partitions {
                let error = partitions.withPointer { rd_kafka_incremental_unassign(client, $0) }
                if let error { rd_kafka_error_destroy(error) }
            } else {
                rd_kafka_assign(client, nil)
            }
            isGiven.update { $0 = true }
        }
        if !SystemThread.start(name: "rebalance", give) { give() }
    }

    /// Whether the thread waits still.
    var isPending: Bool { isGiven.withLock { !$0 } }
}
