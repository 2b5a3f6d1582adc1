import Connectors
import Serving
import Synchronization
import Threading

/// Delivers rows as records of one partition. An actor on a thread of its own, because files and databases block.
actor RowTextSource: BoundedTextSource, Closable {
    private let thread = DedicatedThread(name: "rows")
    private let open: @Sendable () throws -> any RowInput
    private let interruption: InputInterruption
    private let partition: SourcePartition
    private let clock: Clock
    private let handedOut = Latch<Void>()
    /// What ended the rows before their end.
    private nonisolated let lasting = Mutex<CommandFailure?>(nil)

    // MARK: - Mutable State (isolated to the actor)

    private var messages: RowMessages
    private var bucket: TokenBucket?
    private var input: (any RowInput)?
    private var listener: (any PartitionListener)?
    private var (isPaused, isAtEnd) = (false, false)

    /// One ``next()`` returns at most so many rows, and about so many bytes.
    private static let (maximumRows, maximumBytes) = (2048, 4 << 20)

    /// The source's own thread.
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - topic: what stands for a topic in the origin of the rows.
    ///   - rate: rows per second at most; nil: no limit.
    ///   - interruption: once it is asked for, no more rows are delivered.
    ///   - open: opens the input, on the source's thread.
    init(
        topic: String, messages: RowMessages, rate: Double?, clock: Clock = .system, interruption: InputInterruption,
        open: @escaping @Sendable () throws -> any RowInput
    ) {
        self.interruption = interruption
        partition = SourcePartition(topic: topic, partition: 0)
        (self.messages, self.clock, self.open) = (messages, clock, open)
        bucket = rate.map { TokenBucket(rate: $0) }
    }

    /// Opens the input and checks its columns.
    func prepare() throws {
        let input = try open()
        try messages.require(input.columns, of: input.name)
        self.input = input
    }

    /// Rows that were delivered.
    var count: Int64 { messages.count }

    /// Whether all rows were delivered.
    var isFinished: Bool { isAtEnd }

    /// What ended the rows before their end; nil: nothing.
    nonisolated var failure: CommandFailure? { lasting.withLock { $0 } }

    // MARK: - TextSource

    /// Assigns the one partition.
    func start(listener: any PartitionListener) {
        self.listener = listener
        listener.partitionsAssigned([partition])
    }

    /// The next rows.
    ///
    /// - Throws: `.stop` if the input fails: what it would have returned next is unknown.
    func next() async throws(ConnectorError) -> [SourceMessage] {
        // Called again, so the rows delivered before have been received.
        if isAtEnd { handedOut.open() }
        guard let input, !isPaused, !isAtEnd, !interruption.isAsked else {
            // There is no event to wait for: this only keeps the caller from spinning.
            try? await clock.sleep(.milliseconds(20))
            return []
        }
        if let failure { throw ConnectorError(action: .stop, reason: failure.message) }
        let allowed = min(Self.maximumRows, bucket?.available(now: clock.now()) ?? .max)
        guard allowed > 0 else {
            try? await clock.sleep(min(bucket?.wait ?? .zero, .milliseconds(100)))
            return []
        }
        let rows = read(input, atMost: allowed)
        bucket?.take(rows.count)
        return rows
    }

    /// What was read before a failure is delivered; the next call throws it.
    private func read(_ input: any RowInput, atMost limit: Int) -> [SourceMessage] {
        var rows: [SourceMessage] = []
        var bytes = 0
        do {
            while rows.count < limit, bytes < Self.maximumBytes {
                guard let row = try input.next() else {
                    isAtEnd = true
                    break
                }
                let message = try messages.next(row, columns: input.columns, of: input.name)
                bytes += message.byteCount
                rows.append(message)
            }
        } catch {
            // What was told to end has not failed.
            if interruption.isAsked { return rows }
            let failure = CommandFailure(error)
            lasting.withLock { $0 = failure }
        }
        return rows
    }

    /// ``next()`` returns nothing from now on.
    func pause() { isPaused = true }
    /// Ends ``pause()``.
    func resume() { isPaused = false }
    /// Does nothing: there is nothing to commit.
    func commit(_ offsets: [SourcePartition: Int64]) {}
    /// Nobody knows how many rows follow.
    func lag() -> [SourcePartition: Int64] { [:] }
    /// As ``BoundedTextSource/untilHandedOut()``.
    nonisolated func untilHandedOut() async { await handedOut.value }

    /// Revokes the partition and closes the input.
    func close() {
        _ = listener?.partitionsRevoked([partition], lost: false)
        listener = nil
        input = nil
        handedOut.open()
    }
}
