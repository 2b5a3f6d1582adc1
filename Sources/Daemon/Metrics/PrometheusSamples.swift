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
