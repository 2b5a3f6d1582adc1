/// Values that are read when the page is asked for, for that page alone. What is not read again leaves the page by
/// itself, and two readers never see one another's values.
struct PrometheusReadings {
    private(set) var families: [String: PrometheusRegistry.Family] = [:]
    /// Values that are not on the page, by metric: it has as many series as it may.
    private(set) var omitted: [String: Int] = [:]
    private let seriesLimit: Int

    init(seriesLimit: Int = PrometheusRegistry.seriesLimit) { self.seriesLimit = seriesLimit }

    mutating func set(_ name: String, _ labels: [(String, String)] = [], to value: Double) {
        add(name, labels, .gauge) {
            let gauge = PrometheusGauge()
            gauge.set(value)
            return gauge
        }
    }

    /// A counter whose total someone else keeps.
    mutating func setCounter(_ name: String, _ labels: [(String, String)] = [], to total: Double) {
        add(name, labels, .counter) {
            let counter = PrometheusFloatingPointCounter()
            counter.set(total)
            return counter
        }
    }

    private mutating func add(
        _ name: String, _ labels: [(String, String)], _ kind: PrometheusRegistry.Kind,
        _ sample: () -> any PrometheusSample
    ) {
        let labels = PrometheusLabel.labels(labels)
        let family = families[name, default: PrometheusRegistry.Family(kind: kind)]
        if family.samples.count >= seriesLimit, family.samples[labels] == nil {
            omitted[name, default: 0] += 1
        } else {
            families[name, default: PrometheusRegistry.Family(kind: kind)].samples[labels] = sample()
        }
    }
}
