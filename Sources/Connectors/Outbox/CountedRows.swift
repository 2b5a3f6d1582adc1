import Threading

/// The number of rows of a table that is counted again and again: counting takes at most a tenth of the time.
struct CountedRows {
    /// Rows when they were last counted, and those added since.
    private(set) var rows = 0
    private var countedAt: Duration?
    /// How long counting took.
    private var counting = Duration.zero

    /// Whether it is time to count, by the clock.
    ///
    /// - Parameter interval: the least time between two counts.
    func isDue(at now: Duration, interval: Duration = .zero) -> Bool {
        countedAt.map { now - $0 >= max(interval, counting * 10) } ?? true
    }

    /// Notes a count that began and ended then.
    mutating func set(_ rows: Int, from start: Duration, to end: Duration) {
        (self.rows, countedAt, counting) = (rows, start, end - start)
    }

    /// Notes rows that were added since.
    mutating func add(_ added: Int) { rows += added }
}
