/// Records that were read from the outbox together, and what became of each: bookkeeping without I/O.
///
/// A broker refuses a whole batch for one record in it. So a record counts as refused only if it was alone, or if it is
/// certainly at fault. The next rounds are smaller until that is known (``nextLimit(after:maximum:)``).
struct PublicationRound: Sendable {
    let records: [OutboxRecord]
    private var results: [Int64: PublicationResult] = [:]

    /// A record without a message needs no result.
    init(_ records: [OutboxRecord]) { self.records = records }

    /// Those to send, in order.
    var outgoing: [OutboxRecord] { records.filter { $0.message != nil } }

    /// The first result of each counts; results of other rounds do not.
    ///
    /// - Returns: whether one counts.
    mutating func note(_ more: [(id: Int64, result: PublicationResult)]) -> Bool {
        let waiting = Set(outgoing.map(\.id)).subtracting(results.keys)
        var counts = false
        for (id, result) in more where waiting.contains(id) && results[id] == nil {
            results[id] = result
            counts = true
        }
        return counts
    }

    /// Whether every record has its result.
    var isComplete: Bool { results.count == outgoing.count }

    /// Those that a broker has, in order.
    var published: [OutboxRecord] { records.filter { results[$0.id] == .acknowledged } }

    /// Those that can leave the outbox: a broker has them, or there is nothing to publish.
    var done: [OutboxRecord] { records.filter { $0.message == nil || results[$0.id] == .acknowledged } }

    /// Those that can never be published, with the reason.
    var refused: [(record: OutboxRecord, error: ConnectorError)] {
        let isAlone = outgoing.count == 1
        return records.compactMap { record in
            guard case .refused(let error, let isCertain) = results[record.id], isCertain || isAlone else { return nil }
            return (record, error)
        }
    }

    /// Whether a broker refused records of which any may be at fault.
    var isInDoubt: Bool {
        outgoing.count > 1
            && results.values.contains { if case .refused(_, isCertain: false) = $0 { true } else { false } }
    }

    /// Why the first record failed that may be published later.
    var failure: ConnectorError? {
        for record in records { if case .failed(let error) = results[record.id] { return error } }
        return nil
    }

    /// The kinds whose topic takes nothing now, and why.
    var blocked: [OutboxKind: ConnectorError] {
        var blocked: [OutboxKind: ConnectorError] = [:]
        for record in records where blocked[record.kind] == nil {
            if case .blocked(let error) = results[record.id] { blocked[record.kind] = error }
        }
        return blocked
    }

    /// How many records to send together next: half as many while it is open which one is at fault, then twice as many
    /// each time, up to the maximum.
    func nextLimit(after limit: Int, maximum: Int) -> Int {
        isInDoubt ? max(1, min(limit, records.count) / 2) : min(maximum, max(1, limit) * 2)
    }
}
