import DequeModule

/// Gathers sequences until their tokens fill the budget or the oldest has waited long enough.
///
/// Keeps their order, but for windows: those of long texts get half of a batch while other texts wait, so that a long
/// text holds these up by its share at most. A text that did not fit beside windows begins the next batch.
///
/// A batch is cut only when a worker takes it: while all workers are busy it keeps filling up.
struct Batcher {
    enum Readiness: Equatable {
        case empty
        /// The oldest text will have waited long enough at this time.
        case ripens(at: Duration)
        case due
    }

    var budget: Int
    var delay: Duration
    /// No more texts will come: the rest is due.
    var isClosed = false

    /// Texts of one sequence.
    private var texts: Deque<PreparedWindow> = []
    /// The windows of long texts.
    private var windows: Deque<PreparedWindow> = []
    /// Tokens of windows that the batches so far had room for and did not take, because a window is never divided.
    private var credit = 0
    /// Whether the last batch had windows alone although texts waited.
    private var mustBeginWithText = false
    /// Tokens of all that waits.
    private(set) var tokens = 0

    init(budget: Int, delay: Duration) {
        self.budget = budget
        self.delay = delay
    }

    /// Sequences that wait.
    var count: Int { texts.count + windows.count }

    mutating func add(_ prepared: [PreparedText]) {
        for text in prepared {
            tokens += text.windows.reduce(0) { $0 + $1.tokens.count }
            if text.isLong { windows.append(contentsOf: text.waiting) } else { texts.append(contentsOf: text.waiting) }
        }
    }

    func readiness(now: Duration) -> Readiness {
        guard let oldest = [texts.first, windows.first].compactMap({ $0?.text.receivedAt }).min() else { return .empty }
        if isClosed || tokens >= budget { return .due }
        let due = oldest + delay
        return now >= due ? .due : .ripens(at: due)
    }

    /// Cuts a batch: the sequences that fit into the budget, at least one. `nil` if none is due.
    mutating func take(now: Duration) -> [PreparedWindow]? {
        guard readiness(now: now) == .due else { return nil }
        var batch = Batch(budget: budget)
        if texts.isEmpty || windows.isEmpty {
            credit = 0
        } else {
            if mustBeginWithText, let text = texts.first, batch.add(text) { texts.removeFirst() }
            credit += budget / 2
            while let window = windows.first, window.tokens.count <= credit, batch.add(window) {
                credit -= window.tokens.count
                windows.removeFirst()
            }
            // Enough to take the next window next time, however long a text in front of it was.
            if let window = windows.first { credit = min(credit, window.tokens.count - 1) }
        }
        while let text = texts.first, batch.add(text) { texts.removeFirst() }
        mustBeginWithText = !texts.isEmpty && batch.windows.allSatisfy(\.text.isLong)
        if texts.isEmpty {
            while let window = windows.first, batch.add(window) { windows.removeFirst() }
        }
        tokens -= batch.tokens
        return batch.windows
    }

    /// Removes and returns the texts of these partitions of which a sequence still waits. The other sequences of such a
    /// text count for nothing then.
    mutating func remove(partitions: Set<SourcePartition>) -> [PreparedText] {
        func isRemoved(_ window: PreparedWindow) -> Bool { partitions.contains(window.text.ticket.partition) }
        let removed = texts.filter(isRemoved) + windows.filter(isRemoved)
        guard !removed.isEmpty else { return [] }
        texts.removeAll(where: isRemoved)
        windows.removeAll(where: isRemoved)
        tokens -= removed.reduce(0) { $0 + $1.tokens.count }
        var seen: Set<ObjectIdentifier> = []
        return removed.map(\.text).filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    /// A batch that is being cut.
    private struct Batch {
        let budget: Int
        private(set) var windows: [PreparedWindow] = []
        private(set) var tokens = 0

        init(budget: Int) { self.budget = budget }

        /// Takes a sequence if it fits, or is the first.
        mutating func add(_ window: PreparedWindow) -> Bool {
            guard windows.isEmpty || tokens + window.tokens.count <= budget else { return false }
            windows.append(window)
            tokens += window.tokens.count
            return true
        }
    }
}
