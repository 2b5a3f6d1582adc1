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
        let time: Duration
        let accuracy: [MeasuredAccuracy.Sample: MeasuredAccuracy]
    }

    /// The time between two looks.
    static let interval = Duration.seconds(60)
    /// An annotation is new for so long: its transaction may take a while, and a look may fail.
    private static let recent = Duration.seconds(300)
    /// Corrected and deleted annotations are noticed after this time.
    private static let lifetime = Duration.seconds(3600)

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

    /// Measures every task that has a new adapter or new annotations.
    ///
    /// - Parameter mappings: what became of labels that a task once had.
    func look(at snapshot: LiveSnapshot, mappings: [String: LabelMapping]) async {
        measurements = measurements.filter { snapshot.adapters[$0.key] != nil }
        for task in await due(snapshot) where !Task.isCancelled {
            guard let live = snapshot.adapters[task] else { continue }
            let manifest = live.adapter.manifest
            guard let groups = try? await store.annotatedLabels(task: task, digest: live.version.digest) else {
                // It is tried again with the next look. One task's rows may be at fault, or its query take too long;
                // that the database is unavailable is logged by refreshes.
                guard await answers() else { break }
                continue
            }
            measurements[task] = Measurement(
                digest: live.version.digest, time: clock.now(),
                accuracy: MeasuredAccuracy.bySample(
                    groups, labels: manifest.labels, mapping: mappings[task] ?? LabelMapping(),
                    isMultiLabel: manifest.isMultiLabel))
        }
        await store.close()
    }

    /// Whether the database answers at all.
    private func answers() async -> Bool { (try? await store.annotatedTasks(among: [], within: .zero)) != nil }

    private func due(_ snapshot: LiveSnapshot) async -> [String] {
        let known = measurements.filter { task, measurement in
            measurement.digest == snapshot.adapters[task]?.version.digest
                && clock.now() - measurement.time < Self.lifetime
        }
        guard !known.isEmpty else { return snapshot.adapters.keys.sorted() }
        let annotated = try? await store.annotatedTasks(among: known.keys.sorted(), within: Self.recent)
        return snapshot.adapters.keys.filter { known[$0] == nil || annotated?.contains($0) == true }.sorted()
    }

    /// What was measured of these live adapters, by task. What is known of an adapter ends when it is replaced.
    func accuracy(of snapshot: LiveSnapshot) -> [String: [MeasuredAccuracy.Sample: MeasuredAccuracy]] {
        measurements.filter { snapshot.adapters[$0.key]?.version.digest == $0.value.digest }.mapValues(\.accuracy)
    }
}
