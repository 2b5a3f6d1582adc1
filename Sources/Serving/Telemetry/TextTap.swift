import DequeModule
import Synchronization
import Threading

/// Shows people the texts of a pipeline with their labels, as they are stored.
///
/// A reader has a bounded buffer. What does not fit, or comes faster than it asked for, is dropped and counted: the
/// pipeline never waits. While no reader is open, it costs nothing.
public final class TextTap: Sendable {
    /// A text that was stored.
    public struct Text: Sendable {
        /// Where it came from.
        public let origin: Origin
        /// The record's own timestamp, in milliseconds since 1970; `nil` if it has none.
        public let producedAt: Int64?
        /// The text, complete.
        public let text: String
        /// Those that the reader asked for, at least one.
        public let labels: [TaskLabel]
    }

    /// What a reader asks for.
    public struct Filter: Sendable, Equatable {
        /// Only this task's labels; nil: those of all.
        public var task: String?
        /// Only texts that got this label, with the labels of the tasks that gave it; nil: all texts.
        public var label: String?
        /// Texts per second; at least 1.
        public var rate: Int

        /// - Parameters: as the properties.
        public init(task: String? = nil, label: String? = nil, rate: Int) {
            (self.task, self.label, self.rate) = (task, label, rate)
        }

        func labels(of message: LabelledMessage) -> [TaskLabel] {
            message.labels.filter { given in
                (task.map { $0 == given.task } ?? true) && (label.map { given.given?.contains($0) ?? false } ?? true)
            }
        }
    }

    // MARK: - Mutable State (guarded by `readers`)

    private let readers = Mutex<[Reader]>([])
    private let openReaders = Atomic<Int>(0)
    private let clock: Clock

    init(clock: Clock) { self.clock = clock }

    /// Whether anyone reads.
    var isOpen: Bool { openReaders.load(ordering: .relaxed) > 0 }

    /// Reads from now on, until ``close(_:)``.
    public func open(_ filter: Filter) -> Reader {
        let reader = Reader(filter, clock: clock)
        readers.withLock { readers in
            readers.append(reader)
            openReaders.store(readers.count, ordering: .relaxed)
        }
        return reader
    }

    /// Ends a reader.
    public func close(_ reader: Reader) {
        readers.withLock { readers in
            readers.removeAll { $0 === reader }
            openReaders.store(readers.count, ordering: .relaxed)
        }
    }

    /// Texts were stored. Never waits for a reader.
    func offer(_ finished: [FinishedText]) {
        guard isOpen else { return }
        let readers = readers.withLock { $0 }
        for reader in readers { reader.offer(finished) }
    }
}

extension TextTap {
    /// Receives texts. One task at a time waits for them.
    public final class Reader: Sendable {
        /// What has arrived.
        public struct Delivery: Sendable {
            /// In the order in which they were stored.
            public var texts: [Text]
            /// Texts that matched and were dropped since the last delivery: too many per second, or too many unread.
            public var dropped: Int
        }

        /// Texts that wait to be read.
        public static let maximumTexts = 1_000
        /// Bytes of the texts that wait to be read.
        public static let maximumBytes = 4 << 20

        // MARK: - Mutable State (guarded by `state`)

        fileprivate struct State {
            var texts: Deque<Text> = []
            var bytes = 0
            var dropped = 0
            /// A token per text that may pass now, up to those of one second.
            var bucket: TokenBucket
        }

        private let filter: Filter
        private let clock: Clock
        private let state: Mutex<State>
        private let wakeup = Wakeup()

        fileprivate init(_ filter: Filter, clock: Clock) {
            (self.filter, self.clock) = (filter, clock)
            let rate = Double(max(1, filter.rate))
            var bucket = TokenBucket(rate: rate, capacity: rate)
            _ = bucket.available(now: clock.now())
            state = Mutex(State(bucket: bucket))
        }

        fileprivate func offer(_ finished: [FinishedText]) {
            var isNew = false
            for text in finished {
                guard case .labelled(let labelled) = text.outcome, let body = text.tappedText ?? labelled.text else {
                    continue
                }
                let labels = filter.labels(of: labelled)
                guard !labels.isEmpty else { continue }
                let passed = Text(
                    origin: labelled.message.origin, producedAt: labelled.message.producedAt, text: body,
                    labels: labels)
                if state.withLock({ $0.add(passed, clock.now()) }) { isNew = true }
            }
            if isNew { wakeup.signal() }
        }

        /// Waits for texts, but no longer than `patience`, or until the task is cancelled.
        ///
        /// - Parameter limit: the rest waits for the next call.
        public func next(limit: Int, patience: Duration) async -> Delivery {
            let end = clock.now() + patience
            while true {
                if let delivery = state.withLock({ $0.take(limit) }) { return delivery }
                let left = end - clock.now()
                guard left > .zero, !Task.isCancelled else { break }
                await wakeup.wait(atMost: left, clock: clock)
            }
            return state.withLock { Delivery(texts: [], dropped: $0.takeDropped()) }
        }
    }
}

extension TextTap.Reader.State {
    /// - Returns: whether the text will be read.
    fileprivate mutating func add(_ text: TextTap.Text, _ now: Duration) -> Bool {
        let size = text.text.utf8.count
        guard bucket.available(now: now) > 0, texts.count < TextTap.Reader.maximumTexts,
            bytes + size <= TextTap.Reader.maximumBytes
        else {
            dropped += 1
            return false
        }
        bucket.take(1)
        texts.append(text)
        bytes += size
        return true
    }

    /// Nil if there are no texts.
    fileprivate mutating func take(_ limit: Int) -> TextTap.Reader.Delivery? {
        let taken = Array(texts.prefix(max(1, limit)))
        guard !taken.isEmpty else { return nil }
        texts.removeFirst(taken.count)
        bytes -= taken.reduce(0) { $0 + $1.text.utf8.count }
        return TextTap.Reader.Delivery(texts: taken, dropped: takeDropped())
    }

    fileprivate mutating func takeDropped() -> Int {
        defer { dropped = 0 }
        return dropped
    }
}
