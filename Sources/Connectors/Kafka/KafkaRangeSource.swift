import KafkaClient
import LogKeys
import Logging
import Serving
import Synchronization
import Threading

/// Reads parts of topics outside of the group: what it reads is handed to the same serving path, and no offset is
/// committed. An actor on a thread of its own, because the C library blocks.
public actor KafkaRangeSource: BoundedTextSource, Closable {
    private let thread: DedicatedThread
    private let settings: KafkaSourceSettings
    private let logger: Logger
    private let clock: Clock
    private let handedOut = Latch<Void>()
    private nonisolated let state = Mutex(RangeProgress())
    /// Errors that the client library reported outside of its calls.
    private let reports = KafkaReports(purpose: "reading")

    // MARK: - Mutable State (isolated to the actor)

    private var reader: KafkaReader?
    private var listener: (any PartitionListener)?
    private var bucket: TokenBucket?
    private var isPaused = false
    /// Partitions that ended before the end of their part, or that lack the offset to read next: the brokers must be
    /// asked what there is.
    private var doubtful: Set<SourcePartition> = []
    private var askedAt: Duration?
    /// Partitions of which nothing more is fetched.
    private var finished: Set<SourcePartition> = []

    /// How long the brokers have to answer before reading begins.
    private static let patience = Duration.seconds(10)

    /// The source's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects with ``plan(_:)``.
    ///
    /// - Parameters:
    ///   - settings: those of the group's members.
    ///   - rate: records per second at most; nil: no limit.
    ///   - logger: also receives librdkafka's log.
    ///   - clock: for the rate.
    public init(
        _ settings: KafkaSourceSettings, rate: Double? = nil, logger: Logger = Logger(label: "lorikeet.replay"),
        clock: Clock = .system
    ) {
        self.settings = settings
        self.logger = logger
        self.clock = clock
        bucket = rate.map { TokenBucket(rate: $0) }
        thread = DedicatedThread(name: "replay")
    }

    /// How far it has come.
    public nonisolated var progress: RangeProgress { state.withLock { $0 } }

    // MARK: - Before reading

    /// Asks the brokers what there is of a selection; that is what is read. Where a topic grows meanwhile, its present
    /// end counts.
    ///
    /// - Throws: ``ReplayRefusal`` for topics and partitions that do not exist; `ConnectorError` if the brokers do not
    ///   answer.
    public func plan(_ selection: ReplaySelection) throws -> ReplayPlan {
        let topics = try ReplayPlan.topics(settings.topics, known: try knownTopics())
        let partitions = try ReplayPlan.partitions(of: selection, topics: topics)
        let reader = try ConnectorError.mapping("connecting") { () throws(KafkaError) in try makeReader() }
        let plan = try ConnectorError.mapping("asking for offsets") { () throws(KafkaError) in
            let low = try offsets(of: partitions, at: .beginning, reader)
            let high = try offsets(of: partitions, at: .end, reader)
            let present = partitions.map { partition in
                let first = low[partition] ?? 0
                return (partition, first..<max(first, high[partition] ?? first))
            }
            var (first, last): ([SourcePartition: Int64], [SourcePartition: Int64]) = ([:], [:])
            if case .times(let from, let to) = selection {
                first = try offsets(of: partitions, at: .time(from), reader)
                if let to { last = try offsets(of: partitions, at: .time(to), reader) }
            }
            return ReplayPlan(
                selection, present: Dictionary(uniqueKeysWithValues: present), first: first, last: last)
        }
        self.reader = reader
        state.withLock { $0 = RangeProgress(plan.ranges) }
        return plan
    }

    private func knownTopics() throws -> [String: Int] {
        do throws(KafkaProbeFailure) {
            let probe: KafkaProbe
            do throws(KafkaError) {
                probe = try KafkaProbe(properties: settings.consumerProperties, topics: settings.topics)
            } catch {
                throw KafkaProbeFailure(kind: .properties, reason: error.message)
            }
            return try probe.topics(within: Self.patience).filter { $1.error == nil }.mapValues(\.partitions)
        } catch {
            throw ConnectorError(
                action: [.authentication, .properties].contains(error.kind) ? .stop : .retry,
                reason: "the brokers \(settings.brokers) do not answer: \(error)", cause: "\(error.kind)")
        }
    }

    private func makeReader() throws(KafkaError) -> KafkaReader {
        let (reports, logger) = (reports, logger)
        return try KafkaReader(
            properties: settings.consumerProperties, onError: { reports.append($0) },
            onLog: { line in
                logger.log(level: line.loggerLevel, "\(line.message)", metadata: [LogKey.facility: "\(line.facility)"])
            })
    }

    private func offsets(
        of partitions: some Sequence<SourcePartition>, at place: KafkaReader.Place, _ reader: KafkaReader,
        timeout: Duration = KafkaRangeSource.patience
    ) throws(KafkaError) -> [SourcePartition: Int64] {
        let offsets = try reader.offsets(of: partitions.map(TopicPartition.init), at: place, timeout: timeout)
        return Dictionary(uniqueKeysWithValues: offsets.map { (SourcePartition($0.key), $0.value) })
    }

    // MARK: - Reading

    /// Assigns what the plan says.
    ///
    /// - Throws: `.stop` without a plan.
    public func start(listener: any PartitionListener) throws(ConnectorError) {
        try assign(try running())
        self.listener = listener
        listener.partitionsAssigned(progress.parts.keys.sorted())
    }

    private func assign(_ reader: KafkaReader) throws(ConnectorError) {
        let positions = progress.positions
        let offsets = Dictionary(uniqueKeysWithValues: positions.map { (TopicPartition($0.key), $0.value) })
        let isPaused = isPaused
        try ConnectorError.mapping("reading") { () throws(KafkaError) in
            try reader.assign(offsets)
            if isPaused { try reader.pause(Array(offsets.keys)) }
        }
        finished = Set(progress.parts.keys).subtracting(positions.keys)
    }

    /// Polls once.
    public func next() async throws(ConnectorError) -> [SourceMessage] {
        let reader = try running()
        guard !progress.isRead else {
            // Called again, so the messages delivered before have been received.
            handedOut.open()
            await rest(.milliseconds(20))
            return []
        }
        if !doubtful.isEmpty { try ask(reader) }
        let allowed = min(settings.maximumMessages, bucket?.available(now: clock.now()) ?? .max)
        guard allowed > 0 else {
            await rest(min(bucket?.wait ?? .zero, .milliseconds(100)))
            return []
        }
        let timeout = settings.pollTimeout
        let reading = try ConnectorError.mapping("reading") { () throws(KafkaError) in
            try reader.poll(maximum: allowed, timeout: timeout)
        }
        bucket?.take(reading.messages.count)
        let messages = note(reading)
        pauseFinished(reader)
        if !reading.messages.isEmpty || !reading.ends.isEmpty { reports.noteSignOfLife() }
        // Messages must not be lost to a failure: they would not be read again.
        if messages.isEmpty { try check(reader) }
        return messages
    }

    /// There is no event to wait for: this only keeps the caller from spinning.
    private func rest(_ duration: Duration) async { try? await clock.sleep(duration) }

    private func note(_ reading: KafkaReader.Reading) -> [SourceMessage] {
        let arrived = reading.messages.map(SourceMessage.init)
        let (messages, doubtful) = state.withLock { progress in
            let messages = progress.receive(arrived)
            var doubtful: [SourcePartition] = []
            for (partition, offset) in reading.ends {
                let partition = SourcePartition(partition)
                if !progress.reachedEnd(of: partition, at: offset) { doubtful.append(partition) }
            }
            return (messages, doubtful)
        }
        self.doubtful.formUnion(doubtful)
        self.doubtful.formUnion(reading.outOfRange.map(SourcePartition.init))
        return messages
    }

    /// Asks what there is of partitions that are not as they were, once per second. An outage is reported elsewhere.
    private func ask(_ reader: KafkaReader) throws(ConnectorError) {
        let now = clock.now()
        if let askedAt, now - askedAt < .seconds(1) { return }
        askedAt = now
        let partitions = doubtful
        let present: [SourcePartition: Range<Int64>]
        do throws(KafkaError) {
            let low = try offsets(of: partitions, at: .beginning, reader, timeout: .seconds(1))
            let high = try offsets(of: partitions, at: .end, reader, timeout: .seconds(1))
            present = low.reduce(into: [:]) { present, low in
                present[low.key] = high[low.key].map { low.value..<max(low.value, $0) }
            }
        } catch { return }
        state.withLock { progress in
            for (partition, present) in present { progress.found(present, in: partition) }
        }
        doubtful.subtract(present.keys)
        // A partition without the offset that was to be read is not read any more, before it is assigned again.
        try assign(reader)
    }

    /// A topic that grows has records behind the end of its part.
    private func pauseFinished(_ reader: KafkaReader) {
        let done = Set(progress.parts.filter { $1.isRead }.keys).subtracting(finished)
        guard !done.isEmpty else { return }
        finished.formUnion(done)
        // If it fails, more is fetched than is needed.
        try? reader.pause(done.map(TopicPartition.init))
    }

    /// - Throws: what keeps the brokers from delivering, as long as it does.
    private func check(_ reader: KafkaReader) throws(ConnectorError) {
        if reports.isBlocked, brokersAnswer(reader) { reports.noteSignOfLife() }
        guard let failure = reports.failure else { return }
        // A group waits for a topic that does not exist yet; here it is gone.
        let isGone = ["UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"].contains(failure.cause)
        throw ConnectorError(
            action: isGone ? .stop : failure.action, reason: failure.reason, cause: failure.cause)
    }

    private func brokersAnswer(_ reader: KafkaReader) -> Bool {
        let partitions = progress.positions.keys.prefix(1)
        return (try? offsets(of: partitions, at: .end, reader, timeout: .seconds(1))) != nil
    }

    // MARK: - The rest of the protocol

    /// Stops fetching.
    public func pause() throws(ConnectorError) {
        isPaused = true
        let (reader, partitions) = (try running(), progress.positions.keys.map(TopicPartition.init))
        try ConnectorError.mapping("pausing") { () throws(KafkaError) in try reader.pause(partitions) }
    }

    /// Fetches again, but not what is read.
    public func resume() throws(ConnectorError) {
        isPaused = false
        let (reader, partitions) = (try running(), progress.positions.keys.map(TopicPartition.init))
        try ConnectorError.mapping("resuming") { () throws(KafkaError) in try reader.resume(partitions) }
    }

    /// Notes what is settled; commits nothing.
    public func commit(_ offsets: [SourcePartition: Int64]) { state.withLock { $0.settle(offsets) } }

    /// Offsets of each part that are not read yet.
    public func lag() -> [SourcePartition: Int64] { progress.parts.mapValues { max(0, $0.end - $0.position) } }

    /// As ``BoundedTextSource/untilHandedOut()``.
    public nonisolated func untilHandedOut() async { await handedOut.value }

    /// Revokes all partitions and closes the connections.
    public func close() {
        if let settled = listener?.partitionsRevoked(progress.parts.keys.sorted(), lost: false) { commit(settled) }
        listener = nil
        reader?.close()
        reader = nil
        handedOut.open()
    }

    private func running() throws(ConnectorError) -> KafkaReader {
        if let reader { return reader }
        throw ConnectorError(action: .stop, reason: "Kafka: the source has no plan, or is closed")
    }
}
