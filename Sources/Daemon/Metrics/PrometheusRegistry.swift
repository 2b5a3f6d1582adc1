import CoreMetrics
import Synchronization

/// A swift-metrics backend that keeps every metric in memory and writes them as Prometheus text.
///
/// Counters become counters. Recorders that aggregate and timers become histograms, timers in seconds. Meters and other
/// recorders become gauges. The same name with the same labels is the same metric, however often it is created.
///
/// A metric has at most ``seriesLimit`` series. Further ones are kept off the page, and counted.
public final class PrometheusRegistry: MetricsFactory {
    /// How a family of metrics is written.
    enum Kind: String { case counter, gauge, histogram }

    /// All metrics of one name.
    struct Family {
        var kind: Kind
        var samples: [[PrometheusLabel]: any PrometheusSample] = [:]
    }

    /// The backend of this process, for metrics that name none. Installed on first use.
    public static let shared: PrometheusRegistry = {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        return registry
    }()

    /// Series that a metric may have. More would overwhelm the reader of the page before they tell anything.
    public static let seriesLimit = 10_000

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var families: [String: Family] = [:]
        /// Series that were kept off the page, by metric.
        var omitted: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let descriptions: [String: String]
    private let seriesLimit: Int

    /// - Parameters:
    ///   - descriptions: the HELP line of metrics, by name.
    ///   - seriesLimit: series that a metric may have.
    public init(
        descriptions: [String: String] = MetricDescriptions.help, seriesLimit: Int = PrometheusRegistry.seriesLimit
    ) {
        (self.descriptions, self.seriesLimit) = (descriptions, seriesLimit)
    }

    /// The page: Prometheus text format 0.0.4.
    public func text() -> String { text(adding: PrometheusReadings()) }

    /// The page, with what was read for it alone.
    func text(adding readings: PrometheusReadings) -> String {
        let (kept, omitted) = state.withLock { state in
            state.omitted.merge(readings.omitted, uniquingKeysWith: +)
            return (state.families, state.omitted)
        }
        var families = kept
        for (name, family) in readings.families {
            families[name, default: Family(kind: family.kind)].samples.merge(family.samples) { $1 }
        }
        var limited = PrometheusReadings()
        for (name, count) in omitted {
            limited.setCounter(DaemonMetricNames.omittedSeries, [("metric", name)], to: Double(count))
        }
        families.merge(limited.families) { $1 }
        var page = PrometheusText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            page.begin(name: name, kind: family.kind.rawValue, help: descriptions[name])
            for (labels, sample) in family.samples.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                sample.write(name: name, labels: labels, to: &page)
            }
        }
        return page.text
    }

    /// Sets a gauge.
    public func setGauge(_ name: String, _ dimensions: [(String, String)] = [], to value: Double) {
        makeMeter(label: name, dimensions: dimensions).set(value)
    }

    /// Removes every gauge of a name, before those that still exist are set again.
    public func removeGauges(_ name: String) { state.withLock { $0.families[name] = nil } }

    /// Removes every series with these labels: what they stand for is gone.
    func removeSeries(_ labels: (name: String, value: String)...) {
        let labels = labels.map { PrometheusLabel(name: $0.name, value: $0.value) }
        state.withLock { state in
            state.families = state.families.compactMapValues { family in
                var family = family
                family.samples = family.samples.filter { sample in !labels.allSatisfy { sample.key.contains($0) } }
                return family.samples.isEmpty ? nil : family
            }
        }
    }

    // MARK: - MetricsFactory

    /// A counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        sample(label, dimensions, .counter) { PrometheusCounter() }
    }

    /// A counter of fractions.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        sample(label, dimensions, .counter) { PrometheusFloatingPointCounter() }
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        sample(label, dimensions, .gauge) { PrometheusGauge() }
    }

    /// A histogram, or without aggregation a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return sample(label, dimensions, .gauge) { PrometheusGauge() } }
        return sample(label, dimensions, .histogram) { PrometheusHistogram(bounds: HistogramBounds.bounds(for: label)) }
    }

    /// A histogram in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("_seconds") ? label : label + "_seconds"
        return sample(name, dimensions, .histogram) { PrometheusHistogram(bounds: HistogramBounds.bounds(for: name)) }
    }

    /// Removes a counter from the page.
    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    /// Removes a counter of fractions from the page.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    /// Removes a gauge from the page.
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    /// Removes a histogram or gauge from the page.
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    /// Removes a histogram from the page.
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    /// The sample of a name and labels. A name that is in use for another kind of metric gets a sample that is never
    /// written: one page cannot have both. So does a metric that has as many series as it may.
    private func sample<Sample: PrometheusSample>(
        _ label: String, _ dimensions: [(String, String)], _ kind: Kind, make: () -> Sample
    ) -> Sample {
        let name = PrometheusText.metricName(label)
        let labels = PrometheusLabel.labels(dimensions)
        return state.withLock { state in
            if let known = state.families[name]?.samples[labels] as? Sample { return known }
            let sample = make()
            guard state.families[name]?.kind ?? kind == kind, state.families[name]?.samples[labels] == nil else {
                return sample
            }
            guard state.families[name]?.samples.count ?? 0 < seriesLimit else {
                state.omitted[name, default: 0] += 1
                return sample
            }
            state.families[name, default: Family(kind: kind)].samples[labels] = sample
            return sample
        }
    }

    private func remove(_ handler: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                guard let labels = family.samples.first(where: { $0.value === handler })?.key else { continue }
                state.families[name]?.samples[labels] = nil
                if state.families[name]?.samples.isEmpty == true { state.families[name] = nil }
            }
        }
    }
}
