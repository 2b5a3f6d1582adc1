import CoreMetrics
import Synchronization

/// A swift-metrics backend that keeps every metric in memory and writes them as Prometheus text.
///
/// Counters become counters. Recorders that aggregate and timers become histograms, timers in seconds. Meters and other
/// recorders become gauges. The same name with the same labels is the same metric, however often it is created.
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

    private let families = Mutex<[String: Family]>([:])
    private let descriptions: [String: String]

    /// - Parameter descriptions: the HELP line of metrics, by name.
    public init(descriptions: [String: String] = MetricDescriptions.help) {
        self.descriptions = descriptions
    }

    /// The page: Prometheus text format 0.0.4.
    public func text() -> String {
        let families = families.withLock { $0 }
        var page = PrometheusText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            page.begin(name: name, kind: family.kind.rawValue, help: descriptions[name])
            for (labels, sample) in family.samples.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                sample.write(name: name, labels: labels, to: &page)
            }
        }
        return page.text
    }

    /// Sets a gauge, for values that are read when the page is.
    public func setGauge(_ name: String, _ dimensions: [(String, String)] = [], to value: Double) {
        makeMeter(label: name, dimensions: dimensions).set(value)
    }

    /// Sets a counter whose total the system keeps.
    func setCounter(_ name: String, to total: Double) {
        sample(name, [], .counter) { PrometheusFloatingPointCounter() }.set(total)
    }

    /// Removes every gauge of a name, before those that still exist are set again.
    public func removeGauges(_ name: String) { families.withLock { $0[name] = nil } }

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
        return sample(name, dimensions, .histogram) { PrometheusHistogram(bounds: HistogramBounds.seconds) }
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
    /// written: one page cannot have both.
    private func sample<Sample: PrometheusSample>(
        _ label: String, _ dimensions: [(String, String)], _ kind: Kind, make: () -> Sample
    ) -> Sample {
        let name = PrometheusText.metricName(label)
        let labels = dimensions.map { PrometheusLabel(name: PrometheusText.labelName($0.0), value: $0.1) }.sorted()
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            if let known = family.samples[labels] as? Sample { return known }
            let sample = make()
            guard family.kind == kind, family.samples[labels] == nil else { return sample }
            family.samples[labels] = sample
            families[name] = family
            return sample
        }
    }

    private func remove(_ handler: AnyObject) {
        families.withLock { families in
            for (name, family) in families {
                guard let labels = family.samples.first(where: { $0.value === handler })?.key else { continue }
                families[name]?.samples[labels] = nil
                if families[name]?.samples.isEmpty == true { families[name] = nil }
            }
        }
    }
}
