import AdapterRegistry
import Drift

/// The gauges of drift, set when the page is read.
enum DriftMetrics {
    static func update(_ registry: PrometheusRegistry, _ snapshots: [LiveSnapshot]) {
        for name in [
            DaemonMetricNames.taskDrift, DaemonMetricNames.taskDriftAlarm, DaemonMetricNames.taskEstimatedAccuracy,
        ] { registry.removeGauges(name) }
        for (task, live) in snapshots.flatMap(\.adapters) {
            let status = live.drift.status
            for (signal, index) in status.stabilityIndices {
                registry.setGauge(
                    DaemonMetricNames.taskDrift, [("task", task), ("signal", signal.rawValue)], to: index)
            }
            registry.setGauge(
                DaemonMetricNames.taskDriftAlarm, [("task", task)], to: status.alarms.isEmpty ? 0 : 1)
            if let accuracy = status.estimatedAccuracy {
                registry.setGauge(DaemonMetricNames.taskEstimatedAccuracy, [("task", task)], to: accuracy)
            }
        }
    }
}
