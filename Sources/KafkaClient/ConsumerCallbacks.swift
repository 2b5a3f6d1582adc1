import CRdKafka

/// The consumer's side of librdkafka's callbacks: its assignment, and what it has gathered in the poll that runs.
final class ConsumerCallbacks: KafkaCallbacks {
    /// Messages of the poll that runs. A revocation within the poll takes its partitions' messages out again, so that
    /// nobody handles a message of a partition that was given up before it was handed out.
    var gathered: [KafkaMessage] = []
    private(set) var assignment: Set<TopicPartition> = []
    var isPaused = false

    /// Assigned partitions of which no message has come yet: their committed positions may not be known.
    private var unread: Set<TopicPartition> = []
    private var lacksPositions = false

    /// Set when the consumer goes away without `close()`: the closures are not called any more.
    var isSilent = false

    private let onAssigned: ([TopicPartition]) -> Void
    private let onRevoked: ([TopicPartition], Bool) -> [TopicPartition: Int64]
    private let commitTimeout: Duration = .seconds(10)
    /// Commits on the consumer's commit queue; set once the client exists.
    var commit: (([TopicPartition: Int64], Duration) -> KafkaError?)?

    init(
        secrets: KafkaSecrets, onAssigned: @escaping ([TopicPartition]) -> Void,
        onRevoked: @escaping ([TopicPartition], Bool) -> [TopicPartition: Int64],
        onError: @escaping (KafkaError) -> Void, onLog: @escaping @Sendable (KafkaLogLine) -> Void,
        onStatistics: ((String) -> Void)?
    ) {
        self.onAssigned = onAssigned
        self.onRevoked = onRevoked
        super.init(secrets: secrets, onError: onError, onLog: onLog, onStatistics: onStatistics)
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
            // Without an answer the group would wait for us.
            drop(Array(assignment), lost: true)
            check(rd_kafka_assign(client, nil))
        }
    }

    private func assign(_ client: OpaquePointer, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        let added = PartitionEntry.read(partitions).map(\.partition)
        if isCooperative(client) {
            check(rd_kafka_incremental_assign(client, partitions))
        } else {
            check(rd_kafka_assign(client, partitions))
        }
        assignment.formUnion(added)
        unread.formUnion(added)
        // A back-pressed consumer stays so: new partitions begin paused, before their first fetch.
        if isPaused { check(rd_kafka_pause_partitions(client, partitions)) }
        connectionWorks()
        if !isSilent { onAssigned(added.sorted()) }
    }

    private func revoke(_ client: OpaquePointer, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        let removed = PartitionEntry.read(partitions).map(\.partition)
        let lost = rd_kafka_assignment_lost(client) != 0
        let positions = drop(removed, lost: lost)
        if !lost, !positions.isEmpty, let error = commit?(positions, commitTimeout) { report(error) }
        forgetPause(client, PartitionList(removed))
        if isCooperative(client) {
            check(rd_kafka_incremental_unassign(client, partitions))
        } else {
            check(rd_kafka_assign(client, nil))
        }
    }

    /// librdkafka remembers that a partition was paused when it went: if the consumer resumed before it came back, it would never be read again.
    private func forgetPause(_ client: OpaquePointer, _ partitions: PartitionList) {
        if isPaused { check(partitions.withPointer { rd_kafka_resume_partitions(client, $0) }) }
    }

    /// Forgets partitions and returns the positions their owner wants committed.
    @discardableResult
    private func drop(_ partitions: [TopicPartition], lost: Bool) -> [TopicPartition: Int64] {
        let removed = Set(partitions)
        gathered.removeAll { removed.contains($0.topicPartition) }
        assignment.subtract(removed)
        unread.subtract(removed)
        return isSilent || partitions.isEmpty ? [:] : onRevoked(partitions.sorted(), lost)
    }

    // MARK: - Positions that the coordinator refused

    /// What a coordinator says that is not the right one, or not ready.
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
        if Self.coordinatorErrors.contains(code.rawValue) { lacksPositions = true }
    }

    /// Once a coordinator has refused to tell where a partition's reading is to begin, librdkafka neither asks again nor reads that partition; assigned anew, it asks.
    func askForPositionsAgain(_ client: OpaquePointer) {
        guard lacksPositions else { return }
        lacksPositions = false
        if unread.isEmpty { return }
        let stalled = PartitionList(unread)
        if isCooperative(client) {
            check(stalled.withPointer { rd_kafka_incremental_unassign(client, $0) })
            check(stalled.withPointer { rd_kafka_incremental_assign(client, $0) })
        } else {
            // The others go on where they are.
            let reading = PartitionList(assignment)
            check(reading.withPointer { rd_kafka_position(client, $0) })
            let positions = reading.offsets
            let all = assignment.map { ($0, unread.contains($0) ? nil : positions[$0]) }
            let unknown = Int64(RD_KAFKA_OFFSET_INVALID)
            let anew = PartitionList(Dictionary(uniqueKeysWithValues: all.map { ($0, $1 ?? unknown) }))
            check(anew.withPointer { rd_kafka_assign(client, $0) })
        }
        if isPaused { check(PartitionList(assignment).withPointer { rd_kafka_pause_partitions(client, $0) }) }
        onLog(
            KafkaLogLine(
                level: 4, facility: "POSITION", message: "asking again where to begin with \(unread.count) partitions"))
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
