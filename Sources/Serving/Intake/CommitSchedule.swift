import Threading

/// When to commit next: at the interval, or after a back-off where the last attempt failed.
struct CommitSchedule {
    private var last: Duration
    private var waits: Backoff
    private var retryAt: Duration?
    private let settings: BackoffSettings

    init(now: Duration, backoff: BackoffSettings) {
        last = now
        settings = backoff
        waits = Backoff(backoff)
    }

    func isDue(_ now: Duration, interval: Duration) -> Bool {
        if let retryAt { return now >= retryAt }
        return now - last >= interval
    }

    mutating func succeeded(at now: Duration) {
        last = now
        if retryAt != nil { waits = Backoff(settings) }
        retryAt = nil
    }

    mutating func failed(at now: Duration) { retryAt = now + waits.next() }
}
