import Foundation
import Serving
import Threading

/// A source in memory that behaves as a member of a consumer group: partitions with messages, committed offsets,
/// rebalances within a poll, and scripted failures.
public actor ScriptedTextSource: TextSource {
    /// What tests look at and wait for.
    public struct State: Sendable {
        /// All messages of a partition, in order.
        public var log: [SourcePartition: [SourceMessage]] = [:]
        /// Index of the next message to deliver, by assigned partition.
        public var positions: [SourcePartition: Int] = [:]
        /// Committed offsets.
        public var committed: [SourcePartition: Int64] = [:]
        /// Every commit, in order.
        public var commits: [[SourcePartition: Int64]] = []
        /// Offsets that the listener returned for revoked partitions.
        public var revocations: [[SourcePartition: Int64]] = []
        /// Calls of `next()`.
        public var polls = 0
        /// Messages delivered, repetitions included.
        public var delivered = 0
        /// Calls of `pause()`.
        public var pauses = 0
        /// Calls of `resume()`.
        public var resumes = 0
        /// Whether the source is paused.
        public var isPaused = false
        /// Whether the source was closed.
        public var isClosed = false
        var events: [Event] = []
        var failures: [ConnectorError] = []
        var commitFailures: [ConnectorError] = []
    }

    enum Event: Sendable {
        case assign([SourcePartition])
        case revoke([SourcePartition], lost: Bool)
    }

    /// The present state, which tests await.
    public nonisolated let state = Watched(State())
    private let thread = DedicatedThread(name: "scripted-source")
    private let arrival = NSCondition()
    private let pollLimit: Int
    /// The group that it pretends to join.
    public nonisolated let consumerGroup: String?
    private var listener: (any PartitionListener)?

    /// A thread of its own, as the real source has.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - partitions: assigned at the first poll.
    ///   - pollLimit: messages that one poll delivers at most.
    ///   - consumerGroup: one that a member joins; it assigns nothing before ``assign(_:)``.
    public init(
        partitions: [SourcePartition] = [SourcePartition(topic: "texts", partition: 0)], pollLimit: Int = 100,
        consumerGroup: String? = nil
    ) {
        self.pollLimit = pollLimit
        self.consumerGroup = consumerGroup
        state.update { state in
            for partition in partitions { state.log[partition] = [] }
            state.events = consumerGroup == nil ? [.assign(partitions)] : []
        }
    }

    // MARK: - What a test does

    /// Appends messages; offsets count on from the partition's last.
    public nonisolated func produce(
        _ payloads: [[UInt8]?], key: [UInt8]? = nil, headers: [(name: String, value: [UInt8]?)] = [],
        to partition: SourcePartition = SourcePartition(topic: "texts", partition: 0)
    ) {
        state.update { state in
            for payload in payloads {
                let offset = Int64(state.log[partition, default: []].count)
                let origin = Origin(topic: partition.topic, partition: partition.partition, offset: offset)
                state.log[partition, default: []].append(
                    SourceMessage(
                        origin: origin, key: key, payload: payload, headers: headers, producedAt: 1000 + offset))
            }
        }
        wake()
    }

    /// Appends messages with these texts to the partitions in turn.
    public nonisolated func produce(
        texts: [String], to partition: SourcePartition = .init(topic: "texts", partition: 0)
    ) {
        produce(texts.map { Array($0.utf8) }, to: partition)
    }

    /// Assigns partitions at the next poll. Reading resumes at the committed offsets.
    public nonisolated func assign(_ partitions: [SourcePartition]) {
        state.update { $0.events.append(.assign(partitions)) }
        wake()
    }

    /// Revokes partitions at the next poll.
    public nonisolated func revoke(_ partitions: [SourcePartition], lost: Bool = false) {
        state.update { $0.events.append(.revoke(partitions, lost: lost)) }
        wake()
    }

    /// The next polls fail with these errors, one each.
    public nonisolated func failPolls(_ failures: [ConnectorError]) {
        state.update { $0.failures += failures }
        wake()
    }

    /// The next commits fail with these errors, one each.
    public nonisolated func failCommits(_ failures: [ConnectorError]) {
        state.update { $0.commitFailures += failures }
    }

    private nonisolated func wake() {
        arrival.lock()
        arrival.broadcast()
        arrival.unlock()
    }

    // MARK: - TextSource

    /// As the protocol says.
    public func start(listener: any PartitionListener) async throws(ConnectorError) { self.listener = listener }

    /// As the protocol says.
    public func next() async throws(ConnectorError) -> [SourceMessage] {
        let failure = state.update { state in state.failures.isEmpty ? nil : state.failures.removeFirst() }
        if let failure { throw failure }
        while let event = state.update({ $0.events.isEmpty ? nil : $0.events.removeFirst() }) { perform(event) }
        let limit = pollLimit
        let messages = state.update { state in
            state.polls += 1
            return state.deliver(limit: limit)
        }
        if messages.isEmpty { waitForArrival() }
        return messages
    }

    /// As the protocol says.
    public func pause() async throws(ConnectorError) {
        state.update { state in
            state.isPaused = true
            state.pauses += 1
        }
    }

    /// As the protocol says.
    public func resume() async throws(ConnectorError) {
        state.update { state in
            state.isPaused = false
            state.resumes += 1
        }
    }

    /// As the protocol says.
    public func commit(_ positions: [SourcePartition: Int64]) async throws(ConnectorError) {
        let failure = state.update { state in state.commitFailures.isEmpty ? nil : state.commitFailures.removeFirst() }
        if let failure { throw failure }
        state.update { state in
            state.commits.append(positions)
            state.committed.merge(positions) { $1 }
        }
    }

    /// As the protocol says.
    public func lag() async -> [SourcePartition: Int64] {
        let state = state.value
        return state.positions.reduce(into: [:]) { lag, entry in
            lag[entry.key] = Int64((state.log[entry.key]?.count ?? 0) - entry.value)
        }
    }

    /// As the protocol says.
    public func close() async {
        perform(.revoke(Array(state.value.positions.keys), lost: false))
        state.update { $0.isClosed = true }
    }

    // MARK: -

    private func perform(_ event: Event) {
        switch event {
        case .assign(let partitions):
            state.update { state in
                for partition in partitions { state.positions[partition] = Int(state.committed[partition] ?? 0) }
            }
            listener?.partitionsAssigned(partitions)
        case .revoke(let partitions, let lost):
            let positions = listener?.partitionsRevoked(partitions, lost: lost) ?? [:]
            state.update { state in
                state.revocations.append(positions)
                state.committed.merge(positions) { $1 }
                for partition in partitions { state.positions[partition] = nil }
            }
        }
    }

    /// A poll's bounded wait.
    private func waitForArrival() {
        arrival.lock()
        _ = arrival.wait(until: Date(timeIntervalSinceNow: 0.005))
        arrival.unlock()
    }
}

extension ScriptedTextSource.State {
    /// From where reading stands, in turn over the partitions.
    fileprivate mutating func deliver(limit: Int) -> [SourceMessage] {
        guard !isPaused else { return [] }
        var messages: [SourceMessage] = []
        for partition in positions.keys.sorted() {
            let (log, position) = (log[partition] ?? [], positions[partition] ?? 0)
            guard position < log.count else { continue }
            let next = log[position..<Swift.min(log.count, position + limit - messages.count)]
            messages += next
            positions[partition] = position + next.count
        }
        delivered += messages.count
        return messages
    }
}
