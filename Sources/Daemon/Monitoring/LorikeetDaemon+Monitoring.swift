import Kernels
import Pipelines
import Serving

extension LorikeetDaemon: MonitoredDaemon {
    func metricsText() async -> String {
        let registry = PrometheusRegistry.shared
        registry.setGauge(
            "lorikeet_build_info",
            [("version", LorikeetVersion.current), ("kernels", BLAS.kernels), ("base", loaded.base.digest)], to: 1)
        registry.setGauge("lorikeet_workers", to: Double(workers.workers))
        registry.removeGauges("lorikeet_adapter_info")
        for keeper in keepers.values {
            for (task, live) in keeper.liveAdapters.snapshot.adapters {
                let labels = [
                    ("task", task), ("version", String(live.version.version)), ("digest", live.version.digest),
                ]
                registry.setGauge("lorikeet_adapter_info", labels, to: 1)
            }
        }
        ProcessFigures.update(registry)
        return registry.text()
    }

    func liveness() async -> Liveness {
        Liveness(workers.heartbeats, patience: notifier?.watchdogInterval ?? Liveness.patience)
    }

    public func readiness() async -> Readiness {
        let statuses = await supervisor.statuses
        return Readiness(
            pipelines: statuses.map { configuration, status in
                let keeper = keepers[configuration.sink.postgres.value]
                let obstacle = keeper?.waitingFor(tasks: configuration.tasks.map(\.name)) ?? status.waitingFor
                return Readiness.Pipeline(
                    name: status.pipeline, state: status.state.rawValue, waitingFor: obstacle,
                    joining: status.joining.map(String.init(describing:)))
            })
    }

    /// What every pipeline does, in the order of the files.
    public func statuses() async -> [PipelineStatus] { await supervisor.statuses.map(\.status) }
}
