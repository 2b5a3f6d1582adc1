/// What a daemon asks of a database beside the facts of the schedules, and how often. The answers only tell people, so
/// they are asked for rarely, and of all tasks that are due at once.
public struct RetrainingPace<Key: Hashable & Sendable>: Sendable {
    /// When the last retraining of a task was read, by the monotonic clock.
    private var journals: [Key: Duration] = [:]
    /// When the rows of a task were last counted by label, and how many were new then.
    private var censuses: [Key: (time: Duration, newRows: Int)] = [:]

    /// Each is asked no more often for a task. To count rows by label reads all of them.
    private static var pause: Duration { .seconds(60) }

    /// Everything is due.
    public init() {}

    /// The tasks whose last retraining is to be read now.
    public func journalsDue(among keys: some Sequence<Key>, now: Duration) -> [Key] {
        keys.filter { key in journals[key].map { now - $0 >= Self.pause } ?? true }
    }

    /// The last retrainings were read.
    public mutating func readJournals(of keys: [Key], now: Duration) { for key in keys { journals[key] = now } }

    /// A retraining of the task ended: its record is to be read again.
    public mutating func journalChanged(of key: Key) { journals[key] = nil }

    /// The tasks whose rows are to be counted by label now: those that have other new rows than at the last count.
    ///
    /// - Parameter newRows: how many are new now, by task.
    public func censusesDue(_ newRows: [Key: Int], now: Duration) -> [Key] {
        newRows.compactMap { key, rows in
            guard let last = censuses[key] else { return key }
            return last.newRows != rows && now - last.time >= Self.pause ? key : nil
        }
    }

    /// The rows were counted by label.
    public mutating func counted(_ keys: [Key], _ newRows: [Key: Int], now: Duration) {
        for key in keys { censuses[key] = (now, newRows[key] ?? 0) }
    }

    /// The tasks may have other labels now.
    public mutating func forgetCensuses() { censuses = [:] }
}
