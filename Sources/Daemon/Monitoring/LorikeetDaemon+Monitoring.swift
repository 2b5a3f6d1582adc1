import AdapterRegistry
import Drift
import Operations
import Pipelines
import Serving

extension LorikeetDaemon: MonitoredDaemon {
    func metricsText() async -> String {
        let registry = PrometheusRegistry.shared
        registry.setGauge(
            DaemonMetricNames.buildInfo,
            [
                ("version", LorikeetVersion.current), ("kernels", loaded.base.kernels), ("base", loaded.base.digest),
                ("dtype", loaded.base.precision.description),
            ], to: 1)
        registry.setGauge(DaemonMetricNames.workers, to: Double(workers.workers))
        registry.removeGauges(DaemonMetricNames.adapterInfo)
        for adapterService in adapterServices.values {
            for (task, live) in adapterService.liveAdapters.snapshot.adapters {
                let labels = [
                    ("task", task), ("version", String(live.version.version)), ("digest", live.version.digest),
                ]
                registry.setGauge(DaemonMetricNames.adapterInfo, labels, to: 1)
            }
        }
        Self.setDrift(registry, adapterServices.values.map(\.liveAdapters.snapshot))
        Self.setShadows(registry, adapterServices.values.map(\.liveAdapters.snapshot))
        await setMeasuredAccuracy(registry)
        ProcessMetrics.update(registry)
        return registry.text()
    }

    private static func setDrift(_ registry: PrometheusRegistry, _ snapshots: [LiveSnapshot]) {
        for name in [
            DaemonMetricNames.taskDrift, DaemonMetricNames.taskDriftAlarm, DaemonMetricNames.taskEstimatedAccuracy,
            DaemonMetricNames.taskEstimatedPrecision, DaemonMetricNames.taskEstimatedRecall,
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
            for (label, expectation) in zip(live.adapter.labels, status.labelExpectations) {
                let labels = [("task", task), ("label", label)]
                if let precision = expectation.precision {
                    registry.setGauge(DaemonMetricNames.taskEstimatedPrecision, labels, to: precision)
                }
                if let recall = expectation.recall {
                    registry.setGauge(DaemonMetricNames.taskEstimatedRecall, labels, to: recall)
                }
            }
        }
    }

    private func setMeasuredAccuracy(_ registry: PrometheusRegistry) async {
        var measurements: [[String: [MeasuredAccuracy.Sample: MeasuredAccuracy]]] = []
        // Nothing is awaited between removing and setting: another scrape would find nothing.
        for service in adapterServices.values { measurements.append(await service.measuredAccuracy) }
        for name in [
            DaemonMetricNames.taskMeasuredAccuracy, DaemonMetricNames.taskMeasuredLower,
            DaemonMetricNames.taskMeasuredUpper, DaemonMetricNames.taskMeasuredTexts,
        ] { registry.removeGauges(name) }
        for (task, samples) in measurements.joined() {
            for (sample, measured) in samples {
                let labels = [("task", task), ("sample", sample.rawValue)]
                registry.setGauge(DaemonMetricNames.taskMeasuredAccuracy, labels, to: measured.accuracy)
                registry.setGauge(DaemonMetricNames.taskMeasuredLower, labels, to: measured.interval.lowerBound)
                registry.setGauge(DaemonMetricNames.taskMeasuredUpper, labels, to: measured.interval.upperBound)
                registry.setGauge(DaemonMetricNames.taskMeasuredTexts, labels, to: Double(measured.texts))
            }
        }
    }

    private static func setShadows(_ registry: PrometheusRegistry, _ snapshots: [LiveSnapshot]) {
        for name in [
            DaemonMetricNames.taskShadowTexts, DaemonMetricNames.taskShadowAgreement,
            DaemonMetricNames.taskShadowChangedLabels, DaemonMetricNames.taskShadowConfidence,
        ] { registry.removeGauges(name) }
        for (task, live) in snapshots.flatMap(\.adapters) {
            guard let shadow = live.shadow else { continue }
            let comparison = shadow.monitor.comparison
            let labels = [("task", task), ("version", String(shadow.version.version))]
            registry.setGauge(DaemonMetricNames.taskShadowTexts, labels, to: Double(comparison.texts))
            guard let agreement = comparison.agreement else { continue }
            registry.setGauge(DaemonMetricNames.taskShadowAgreement, labels, to: agreement)
            registry.setGauge(DaemonMetricNames.taskShadowChangedLabels, labels, to: comparison.changedShare)
            for (adapter, confidence) in [
                ("champion", comparison.championConfidence), ("challenger", comparison.challengerConfidence),
            ] {
                registry.setGauge(
                    DaemonMetricNames.taskShadowConfidence, labels + [("adapter", adapter)], to: confidence)
            }
        }
    }

    func liveness() async -> Liveness {
        Liveness(workers.heartbeats, batchLimit: notifier?.watchdogInterval ?? Liveness.defaultBatchLimit)
    }

    /// Whether texts flow through every pipeline.
    public func readiness() async -> Readiness {
        let statuses = await supervisor.statuses
        return Readiness(
            pipelines: statuses.map { configuration, status in
                let adapterService = adapterServices[configuration.sink.postgres.value]
                let obstacle = adapterService?.waitingFor(tasks: configuration.tasks.map(\.name)) ?? status.waitingFor
                return Readiness.Pipeline(
                    name: status.pipeline, state: status.state.rawValue, waitingFor: obstacle,
                    joining: status.joining.map(String.init(describing:)),
                    outbox: status.outbox?.obstacle.map { "not publishing: \($0)" })
            })
    }

    /// The status of every pipeline, in the order of the files.
    public func statuses() async -> [PipelineStatus] { await supervisor.statuses.map(\.status) }
}
