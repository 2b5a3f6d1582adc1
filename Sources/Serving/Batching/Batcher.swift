import DequeModule

/// Gathers texts until their tokens fill the budget or the oldest has waited long enough. Keeps their order.
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

    private var texts: Deque<PreparedText> = []
    private(set) var tokens = 0

    init(budget: Int, delay: Duration) {
        self.budget = budget
        self.delay = delay
    }

    var count: Int { texts.count }

    mutating func add(_ prepared: [PreparedText]) {
        texts.append(contentsOf: prepared)
        tokens += prepared.reduce(0) { $0 + $1.tokens.count }
    }

    func readiness(now: Duration) -> Readiness {
        guard let oldest = texts.first else { return .empty }
        if isClosed || tokens >= budget { return .due }
        let due = oldest.receivedAt + delay
        return now >= due ? .due : .ripens(at: due)
    }

    /// Cuts a batch: the texts that fit into the budget, at least one. `nil` if none is due.
    mutating func take(now: Duration) -> [PreparedText]? {
        guard readiness(now: now) == .due else { return nil }
        var batch: [PreparedText] = []
        var used = 0
        while let text = texts.first, batch.isEmpty || used + text.tokens.count <= budget {
            batch.append(text)
            used += text.tokens.count
            texts.removeFirst()
        }
        tokens -= used
        return batch
    }

    /// Removes and returns the texts of these partitions.
    mutating func remove(partitions: Set<SourcePartition>) -> [PreparedText] {
        let removed = texts.filter { partitions.contains($0.ticket.partition) }
        guard !removed.isEmpty else { return [] }
        texts.removeAll { partitions.contains($0.ticket.partition) }
        tokens -= removed.reduce(0) { $0 + $1.tokens.count }
        return Array(removed)
    }
}
