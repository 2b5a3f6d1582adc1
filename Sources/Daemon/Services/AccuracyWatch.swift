import AdapterRegistry
import BERT
import Connectors
import Drift
import Threading

/// Measures the live adapters on annotations of texts that they labelled. It has a connection of its own, because a
/// promoted adapter must not wait for its queries, and only during a look, because a pool may be small.
actor AccuracyWatch {
    /// What was measured of one live adapter.
    private struct Measurement {
        let digest: String
        let accuracy: [MeasuredAccuracy.Sample: MeasuredAccuracy]
    }

    /// The time between two looks.
    static let interval = Duration.seconds(60)

    private let store: PostgresAdapterStore
    private let clock: Clock
    private var measurements: [String: Measurement] = [:]

    init(_ settings: PostgresSettings, clock: Clock = .system) {
        (store, self.clock) = (PostgresAdapterStore(settings), clock)
    }

    /// Measures every task now and then, until the task is cancelled.
    ///
    /// - Parameter mappings: what became of labels that a task once had.
    func follow(_ live: LiveAdapters, mappings: @Sendable () -> [String: LabelMapping]) async {
        while !Task.isCancelled {
            await look(at: live.snapshot, mappings: mappings())
            do { try await clock.sleep(Self.interval) } catch { return }
        }
    }

    /// Measures every task.
    ///
    /// - Parameter mappings: what became of labels that a task once had.
    func look(at snapshot: LiveSnapshot, mappings: [String: LabelMapping]) async {
        measurements = measurements.filter { snapshot.adapters[$0.key] != nil }
        for (task, live) in snapshot.adapters where !Task.isCancelled {
            let manifest = live.adapter.manifest
            // A failure is tried again with the next look; refreshes log that the database is unavailable.
            guard let groups = try? await store.annotatedLabels(task: task, digest: live.version.digest) else { break }
            measurements[task] = Measurement(
                digest: live.version.digest,
                accuracy: MeasuredAccuracy.bySample(
                    groups, labels: manifest.labels, mapping: mappings[task] ?? LabelMapping(),
                    isMultiLabel: manifest.isMultiLabel))
        }
        await store.close()
    }

    /// What was measured of these live adapters, by task. What is known of an adapter ends when it is replaced.
    func accuracy(of snapshot: LiveSnapshot) -> [String: [MeasuredAccuracy.Sample: MeasuredAccuracy]] {
        measurements.filter { snapshot.adapters[$0.key]?.version.digest == $0.value.digest }.mapValues(\.accuracy)
    }
}
