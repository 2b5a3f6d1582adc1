import CoreMetrics
import Synchronization

/// One series of values; writes itself onto the page.
protocol PrometheusSample: AnyObject, Sendable {
    func write(name: String, labels: [PrometheusLabel], to page: inout PrometheusText)
}

final class PrometheusCounter: PrometheusSample, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { value.add(max(0, amount), ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }

    func write(name: String, labels: [PrometheusLabel], to page: inout PrometheusText) {
        page.add(name, labels, Double(value.load(ordering: .relaxed)))
    }
}

final class PrometheusFloatingPointCounter: PrometheusSample, FloatingPointCounterHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Double) { value.withLock { $0 += max(0, amount) } }
    func reset() { set(0) }
    func set(_ total: Double) { value.withLock { $0 = total } }

    func write(name: String, labels: [PrometheusLabel], to page: inout PrometheusText) {
        page.add(name, labels, value.withLock { $0 })
    }
}

final class PrometheusGauge: PrometheusSample, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func write(name: String, labels: [PrometheusLabel], to page: inout PrometheusText) {
        page.add(name, labels, value.withLock { $0 })
    }
}

/// Upper bounds of histogram buckets.
enum HistogramBounds {
    static let seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    static let shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    static let amounts = [1.0, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000]

    /// By the unit at the end of a metric's name.
    static func bounds(for name: String) -> [Double] {
        if name.hasSuffix("_seconds") { return seconds }
        return name.hasSuffix("_ratio") || name.hasSuffix("_fill") ? shares : amounts
    }
}
