import AdapterRegistry
import Drift
import LogKeys
import Logging

/// Logs when drift of a task begins and ends, and stores references that were made of live texts.
actor DriftWatch {
    private let store: any DriftReferenceStore
    private let logger: Logger
    /// Tasks whose alarm is in the log.
    private var alarmed: Set<String> = []

    init(store: any DriftReferenceStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Looks at every task's monitor.
    func look(at snapshot: LiveSnapshot) async {
        alarmed.formIntersection(snapshot.adapters.keys)
        for (task, live) in snapshot.adapters.sorted(by: { $0.key < $1.key }) {
            log(live.drift.status, task: task)
            await storeReference(of: live)
        }
    }

    private func log(_ status: DriftStatus, task: String) {
        if status.alarms.isEmpty {
            if alarmed.remove(task) != nil {
                logger.notice("texts no longer drift", metadata: [LogKey.task: "\(task)"])
            }
        } else if alarmed.insert(task).inserted {
            let signals = status.alarms.map { signal in
                let hundredths = Int(((status.stabilityIndices[signal] ?? 0) * 100).rounded())
                return "\(signal.rawValue) \(Double(hundredths) / 100)"
            }
            logger.warning(
                "texts drift from those at the promotion of the adapter",
                metadata: [LogKey.task: "\(task)", LogKey.signals: "\(signals.joined(separator: ", "))"])
        }
    }

    private func storeReference(of live: LiveAdapter) async {
        guard let reference = live.drift.unstoredReference else { return }
        // A failure is tried again with the next look; refreshes log that the database is unavailable.
        guard (try? await store.store(reference, replacing: live.damagedReference)) != nil else { return }
        live.drift.stored()
    }
}
