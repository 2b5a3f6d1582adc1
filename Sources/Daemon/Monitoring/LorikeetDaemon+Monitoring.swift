import AdapterRegistry
import Drift
import FoundationEssentials
import Operations
import Pipelines
import Retraining
import Serving
import Threading

extension LorikeetDaemon: MonitoredDaemon {
    func metricsText() async -> String {
        let snapshots = adapterServices.values.map(\.liveAdapters.snapshot)
        var readings = PrometheusReadings()
        readings.set(
            DaemonMetricNames.buildInfo,
            [
                ("version", LorikeetVersion.current), ("kernels", loaded.base.kernels), ("base", loaded.base.digest),
                ("dtype", loaded.base.dtype), ("dtype_reason", shortReason),
            ], to: 1)
        readings.set(DaemonMetricNames.workers, to: Double(workers.workers))
        for configuration in await supervisor.configurations {
            readings.set(
                DaemonMetricNames.configInfo,
                [
                    ("pipeline", configuration.name), ("file", configuration.file),
                    ("digest", configuration.digest ?? ""),
                ], to: 1)
        }
        for (task, live) in snapshots.flatMap(\.adapters) {
            let version = live.version
            readings.set(
                DaemonMetricNames.adapterInfo,
                [("task", task), ("version", String(version.version)), ("digest", version.digest)], to: 1)
            readings.set(
                DaemonMetricNames.adapterPromoted, [("task", task)],
                to: (version.promotedAt ?? version.createdAt).timeIntervalSince1970)
        }
        for (task, since) in await scheduler.approvalsAwaited {
            readings.set(DaemonMetricNames.approvalAwaited, [("task", task)], to: since.timeIntervalSince1970)
        }
        Self.readRetrainings(await scheduler.retrainings, into: &readings)
        Self.readDrift(snapshots, into: &readings)
        Self.readShadows(snapshots, into: &readings)
        for service in adapterServices.values {
            Self.readAccuracy(await service.measuredAccuracy, into: &readings)
        }
        ProcessMetrics.read(into: &readings)
        return PrometheusRegistry.shared.text(adding: readings)
    }

    /// Notes that the pipeline files were read, and whether they are in force.
    static func noteConfiguration(isApplied: Bool) {
        let registry = PrometheusRegistry.shared
        registry.setGauge(DaemonMetricNames.reloadSuccessful, to: isApplied ? 1 : 0)
        guard isApplied else { return }
        registry.setGauge(DaemonMetricNames.reloadSuccessTime, to: Double(Clock.systemDate()) / 1000)
    }

    private static func readRetrainings(
        _ retrainings: [String: TaskRetraining], into readings: inout PrometheusReadings
    ) {
        for (task, retraining) in retrainings {
            if let rows = retraining.newRows {
                readings.set(DaemonMetricNames.newRows, [("task", task)], to: Double(rows))
            }
            readings.set(
                DaemonMetricNames.minimumNewRows, [("task", task)], to: Double(retraining.minimumNewRows))
            guard let last = retraining.last else { continue }
            readings.set(
                DaemonMetricNames.lastRetraining, [("task", task), ("verdict", last.verdict?.rawValue ?? "none")],
                to: last.startedAt.timeIntervalSince1970)
        }
    }

    private static func readDrift(_ snapshots: [LiveSnapshot], into readings: inout PrometheusReadings) {
        for (task, live) in snapshots.flatMap(\.adapters) {
            let status = live.drift.status
            for (signal, index) in status.stabilityIndices {
                readings.set(DaemonMetricNames.taskDrift, [("task", task), ("signal", signal.rawValue)], to: index)
            }
            readings.set(DaemonMetricNames.taskDriftAlarm, [("task", task)], to: status.alarms.isEmpty ? 0 : 1)
            if let accuracy = status.estimatedAccuracy {
                readings.set(DaemonMetricNames.taskEstimatedAccuracy, [("task", task)], to: accuracy)
            }
            for (label, expectation) in zip(live.adapter.labels, status.labelExpectations) {
                let labels = [("task", task), ("label", label)]
                if let precision = expectation.precision {
                    readings.set(DaemonMetricNames.taskEstimatedPrecision, labels, to: precision)
                }
                if let recall = expectation.recall {
                    readings.set(DaemonMetricNames.taskEstimatedRecall, labels, to: recall)
                }
            }
        }
    }

    private static func readAccuracy(
        _ measurements: [String: [MeasuredAccuracy.Sample: MeasuredAccuracy]], into readings: inout PrometheusReadings
    ) {
        for (task, samples) in measurements {
            for (sample, measured) in samples {
                let labels = [("task", task), ("sample", sample.rawValue)]
                readings.set(DaemonMetricNames.taskMeasuredAccuracy, labels, to: measured.accuracy)
                readings.set(DaemonMetricNames.taskMeasuredLower, labels, to: measured.interval.lowerBound)
                readings.set(DaemonMetricNames.taskMeasuredUpper, labels, to: measured.interval.upperBound)
                readings.set(DaemonMetricNames.taskMeasuredTexts, labels, to: Double(measured.texts))
            }
        }
    }

    private static func readShadows(_ snapshots: [LiveSnapshot], into readings: inout PrometheusReadings) {
        for (task, live) in snapshots.flatMap(\.adapters) {
            guard let shadow = live.shadow else { continue }
            let comparison = shadow.monitor.comparison
            let labels = [("task", task), ("version", String(shadow.version.version))]
            readings.set(DaemonMetricNames.taskShadowTexts, labels, to: Double(comparison.texts))
            guard let agreement = comparison.agreement else { continue }
            readings.set(DaemonMetricNames.taskShadowAgreement, labels, to: agreement)
            readings.set(DaemonMetricNames.taskShadowChangedLabels, labels, to: comparison.changedShare)
            for (adapter, confidence) in [
                ("champion", comparison.championConfidence), ("challenger", comparison.challengerConfidence),
            ] {
                readings.set(DaemonMetricNames.taskShadowConfidence, labels + [("adapter", adapter)], to: confidence)
            }
        }
    }

    /// With many tasks the reason is long; the first log line has all of it.
    private static let longestReason = 500

    /// Why the base computes in its type, as a label; empty where a file names the type.
    private var shortReason: String {
        let reason = loaded.dtypeReason ?? ""
        return reason.count > Self.longestReason ? String(reason.prefix(Self.longestReason - 1)) + "…" : reason
    }

    func build() -> BuildReport {
        BuildReport(
            version: LorikeetVersion.current, kernels: loaded.base.kernels, base: loaded.base.digest,
            dtype: loaded.base.dtype)
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
                return Readiness.Pipeline(
                    status, obstacle: adapterService?.obstacle(of: configuration.tasks.map(\.name)))
            })
    }

    /// The status of every pipeline, in the order of the files.
    public func statuses() async -> [PipelineStatus] { await supervisor.statuses.map(\.status) }
}
