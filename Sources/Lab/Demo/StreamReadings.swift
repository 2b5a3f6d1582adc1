import DaemonClient
import Reports
import Serving
import Synchronization
import Threading

/// The state of the demo's stream, as its metrics page shows it, for the live line.
final class StreamReadings: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var isFinished = false
        var activity = ""
        var texts = 0.0
        var lag = 0.0
        var batchFill = 0.0
        var rate = 0.0
        var peakRate = 0.0
        var readAt: ContinuousClock.Instant?
    }
    private let state = Mutex(State())

    /// Whether the demo's story has ended.
    var isFinished: Bool { state.withLock(\.isFinished) }

    func finish() { state.withLock { $0.isFinished = true } }

    /// What else is going on, in a few words.
    var activity: String {
        get { state.withLock(\.activity) }
        set { state.withLock { $0.activity = newValue } }
    }

    /// The highest rate between two readings, in texts per second.
    var peakRate: Int { Int(state.withLock(\.peakRate)) }

    /// The latest reading.
    var line: String {
        let state = state.withLock { $0 }
        return "\(Figure.grouped(Int(state.texts))) texts labelled  \(Figure.grouped(Int(state.rate)))/s"
            + "  lag \(Figure.grouped(Int(state.lag)))  batches \(Int(state.batchFill * 100)) % full"
    }

    /// Takes a reading of the metrics page.
    func take(_ page: MetricsPage) {
        let texts = page.sum(MetricNames.labels, ["task": "section"])
        let batches = page.sum(MetricNames.batchFill + "_count")
        let fill = batches > 0 ? page.sum(MetricNames.batchFill + "_sum") / batches : 0
        state.withLock { state in
            let now = ContinuousClock.now
            if let readAt = state.readAt, now > readAt {
                state.rate = max(0, (texts - state.texts) / (now - readAt).inSeconds)
                state.peakRate = max(state.peakRate, state.rate)
            }
            (state.texts, state.batchFill, state.readAt) = (texts, fill, now)
            state.lag = page.sum(MetricNames.lag)
        }
    }
}
