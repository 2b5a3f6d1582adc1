import Serving
import Threading

/// Sends stored texts through the serving path.
///
/// There is nothing to commit: the table says what is left to do.
public actor RelabelTextSource: BoundedTextSource {
    /// The header that names a task of a message: rows say which tasks label a text, not the routes.
    static let taskHeader = "lorikeet.task"

    /// Routes for the messages of this source.
    public static func router(tasks: [String]) -> Router {
        Router(routes: tasks.map { Route(conditions: [.header(name: taskHeader, value: $0)], tasks: [$0]) })
    }

    private let rows: PostgresRelabelRows
    private let ranges: [RelabelRange]
    private let inFlight: RelabelTextsInFlight
    private let clock: Clock
    private let select: @Sendable () async -> RelabelSelection
    private let noteWithoutText: @Sendable (Int) -> Void
    private let handedOut = Latch<Void>()
    /// Rows that are looked at together. Texts in flight are enough for the workers while the next page is read.
    private let pageRows: Int

    // MARK: - Mutable State (isolated to the actor)

    private var bucket: TokenBucket?
    /// Index of the range that is being read.
    private var range = 0
    private var place: PostgresRelabelRows.Place?
    /// Read and not handed out.
    private var pending: ArraySlice<(text: RelabelText, content: String)> = []
    private var isPaused = false
    private var listener: (any PartitionListener)?

    /// Bytes of texts that are read together, beyond the first.
    private static let pageBytes = 4 << 20
    /// There is no event to wait for: this only keeps the caller from spinning.
    private static let idle = Duration.milliseconds(20)

    /// - Parameters:
    ///   - ranges: what to read.
    ///   - inFlight: receives each text before it is handed out.
    ///   - textsPerSecond: nil: as fast as they are labelled.
    ///   - select: which rows of the ranges; called before each page.
    ///   - noteWithoutText: called with the number of rows whose text is not stored.
    public init(
        _ rows: PostgresRelabelRows, ranges: [RelabelRange], inFlight: RelabelTextsInFlight, textsPerSecond: Double?,
        clock: Clock = .system, select: @escaping @Sendable () async -> RelabelSelection,
        noteWithoutText: @escaping @Sendable (Int) -> Void
    ) {
        (self.rows, self.ranges, self.inFlight, self.clock) = (rows, ranges, inFlight, clock)
        (self.select, self.noteWithoutText) = (select, noteWithoutText)
        bucket = textsPerSecond.map { TokenBucket(rate: $0) }
        pageRows = Int(max(1, min(512, textsPerSecond ?? 512)))
    }

    /// As ``BoundedTextSource/untilHandedOut()``.
    public nonisolated func untilHandedOut() async { await handedOut.value }

    /// Assigns the partition of the messages.
    public func start(listener: any PartitionListener) {
        self.listener = listener
        listener.partitionsAssigned([RelabelTextsInFlight.partition])
    }

    /// The next texts, read from the database.
    public func next() async throws(ConnectorError) -> [SourceMessage] {
        // Called again, so the texts handed out before have been received.
        if pending.isEmpty, range == ranges.count { handedOut.open() }
        guard !isPaused, !pending.isEmpty || range < ranges.count else { return await idle(Self.idle) }
        if pending.isEmpty { try await read() }
        let taken = pending.prefix(bucket?.available(now: clock.now()) ?? .max)
        guard !taken.isEmpty else {
            return pending.isEmpty ? [] : await idle(min(bucket?.wait ?? .zero, .milliseconds(100)))
        }
        bucket?.take(taken.count)
        pending = pending.dropFirst(taken.count)
        return taken.map { inFlight.message($0.text, content: $0.content) }
    }

    private func idle(_ duration: Duration) async -> [SourceMessage] {
        try? await clock.sleep(duration)
        return []
    }

    private func read() async throws(ConnectorError) {
        do throws(ConnectorError) {
            let page = try await rows.page(
                of: ranges[range], await select(), after: place,
                limit: pageRows, bytes: Self.pageBytes)
            place = page.last
            if page.last == nil { range += 1 }
            if page.withoutText > 0 { noteWithoutText(page.withoutText) }
            pending = page.texts[...]
        } catch {
            throw ConnectorError(
                action: error.action == .stop ? .stop : .retry, reason: error.reason, cause: error.cause)
        }
    }

    /// ``next()`` returns nothing from now on.
    public func pause() { isPaused = true }
    /// Ends ``pause()``.
    public func resume() { isPaused = false }
    /// Does nothing.
    public func commit(_ offsets: [SourcePartition: Int64]) {}
    /// Texts that are read and not handed out.
    public func lag() -> [SourcePartition: Int64] { [RelabelTextsInFlight.partition: Int64(pending.count)] }

    /// Revokes the partition.
    public func close() {
        _ = listener?.partitionsRevoked([RelabelTextsInFlight.partition], lost: false)
        listener = nil
        handedOut.open()
    }
}
