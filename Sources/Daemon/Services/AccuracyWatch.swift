import AdapterRegistry
import BERT
import Connectors
import Drift

/// Measures the live adapters on annotations of texts that they labelled, once a minute: the query reads annotations
/// and labels.
actor AccuracyWatch {
    /// What was measured of one live adapter.
    private struct Measurement {
        let digest: String
        let accuracy: [MeasuredAccuracy.Sample: MeasuredAccuracy]
    }

    private let store: PostgresAdapterStore
    private let interval: Duration
    private var lastLook: ContinuousClock.Instant?
    private var measurements: [String: Measurement] = [:]

    init(store: PostgresAdapterStore, interval: Duration = .seconds(60)) {
        (self.store, self.interval) = (store, interval)
    }

    /// Measures every task, unless it did so a moment ago.
    ///
    /// - Parameter mappings: what became of labels that a task once had.
    func look(at snapshot: LiveSnapshot, mappings: [String: LabelMapping]) async {
        let now = ContinuousClock.now
        if let lastLook, now - lastLook < interval { return }
        lastLook = now
        measurements = measurements.filter { snapshot.adapters[$0.key] != nil }
        for (task, live) in snapshot.adapters {
            let manifest = live.adapter.manifest
            // A failure is tried again with the next look; refreshes log that the database is unavailable.
            guard let groups = try? await store.annotatedLabels(task: task, digest: live.version.digest) else {
                continue
            }
            measurements[task] = Measurement(
                digest: live.version.digest,
                accuracy: MeasuredAccuracy.bySample(
                    groups, labels: manifest.labels, mapping: mappings[task] ?? LabelMapping(),
                    isMultiLabel: manifest.isMultiLabel))
        }
    }

    /// What was measured of these live adapters, by task. What is known of an adapter ends when it is replaced.
    func accuracy(of snapshot: LiveSnapshot) -> [String: [MeasuredAccuracy.Sample: MeasuredAccuracy]] {
        measurements.filter { snapshot.adapters[$0.key]?.version.digest == $0.value.digest }.mapValues(\.accuracy)
    }
}
