import CoreMetrics
import Synchronization

final class PrometheusHistogram: PrometheusSample, TimerHandler, RecorderHandler {
    private struct State {
        /// Values up to each bound and above the one before; the last for all above the last bound.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func write(name: String, labels: [PrometheusLabel], to page: inout PrometheusText) {
        let state = state.withLock { $0 }
        var total: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], state.counts) {
            total += count
            let limit = PrometheusLabel(name: "le", value: PrometheusText.number(bound))
            page.add(name + "_bucket", labels + [limit], Double(total))
        }
        page.add(name + "_sum", labels, state.sum)
        page.add(name + "_count", labels, Double(total))
    }
}
