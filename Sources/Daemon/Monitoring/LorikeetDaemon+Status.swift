import AdapterRegistry
import DaemonClient
import Drift
import FoundationEssentials
import Glibc
import Operations
import Pipelines
import Retraining
import Serving
import Threading

extension LorikeetDaemon {
    /// What the daemon is doing, for people who ask. Read from memory: the answer waits for no broker and no database.
    public func status() async -> DaemonStatus {
        var status = DaemonStatus()
        status.version = LorikeetVersion.current
        status.processId = Int(getpid())
        (status.at, status.startedAt) = (Date(), startedAt)
        status.workers = workers.workers
        status.base = loaded.base.digest
        status.dtype = loaded.base.dtype
        status.kernels = loaded.base.kernels
        var pipelines: [DaemonStatus.Pipeline] = []
        for (configuration, reading) in await supervisor.statuses {
            let adapterService = adapterServices[configuration.sink.postgres.value]
            var pipeline = DaemonStatus.Pipeline(reading)
            if let obstacle = adapterService?.obstacle(of: configuration.tasks.map(\.name)) {
                pipeline.waitingFor = obstacle.description
            }
            let adapters = adapterService?.liveAdapters.snapshot.adapters ?? [:]
            let answers = Dictionary(reading.tasks.map { ($0.task, $0) }) { first, _ in first }
            var tasks: [DaemonStatus.PipelineTask] = []
            for name in configuration.tasks.map(\.name).sorted() {
                let retraining = await scheduler.retraining(of: name, in: configuration)
                tasks.append(
                    DaemonStatus.PipelineTask(
                        name: name, answers: answers[name], live: adapters[name], retraining: retraining))
            }
            pipeline.tasks = tasks
            pipelines.append(pipeline)
        }
        status.pipelines = pipelines
        return status
    }
}

extension DaemonStatus.Pipeline {
    fileprivate init(_ status: PipelineStatus) {
        self.init(name: status.pipeline)
        state = status.state.rawValue
        waitingFor = status.waitingFor
        joining = status.joining?.description
        paused = status.isPaused
        partitions = status.partitions
        recordsPerSecond = status.messagesPerSecond
        lag = Int(status.lag)
        (inFlight, inFlightBytes) = (status.inFlight, status.inFlightBytes)
        batchFill = status.received > 0 ? status.batchFill : nil
        latencySinceProduced = status.latencySinceProduced.map(DaemonStatus.Latency.init)
        latencySinceReceived = status.latencySinceReceived.map(DaemonStatus.Latency.init)
        (received, labelled) = (status.received, status.labelled)
        (rejected, dropped, retries) = (status.rejected, status.dropped, status.retries)
        outbox = status.outbox.map { outbox in
            DaemonStatus.Outbox(
                records: outbox.depth.rows, oldestAge: outbox.depth.oldestAge.inSeconds,
                waitingFor: outbox.obstacle)
        }
    }
}

extension DaemonStatus.Latency {
    fileprivate init(_ quantiles: LatencyQuantiles) {
        self.init(p50: quantiles.median, p99: quantiles.percentile99)
    }
}

extension DaemonStatus.PipelineTask {
    fileprivate init(name: String, answers: TaskAnswers?, live: LiveAdapter?, retraining: TaskRetraining?) {
        self.init(name: name)
        if let answers, answers.texts > 0 {
            let texts = Double(answers.texts)
            self.texts = answers.texts
            labels = answers.labels.map { DaemonStatus.LabelShare(label: $0.label, share: Double($0.texts) / texts) }
            confidence = answers.meanScore
            abstained = Double(answers.abstentions) / texts
        }
        adapter = live.map { live in
            DaemonStatus.LiveVersion(
                version: live.version.version, digest: live.version.digest, promotedAt: live.version.promotedAt,
                shadowVersion: live.shadow?.version.version)
        }
        drift = live.map { DaemonStatus.Drift($0.drift.status) }
        self.retraining = retraining.map(DaemonStatus.Retraining.init)
    }
}

extension DaemonStatus.Drift {
    fileprivate init(_ status: DriftStatus) {
        self.init()
        let indices = status.stabilityIndices.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
        // Before the first window is full, nothing is known.
        guard !indices.isEmpty else { return }
        alarm = !status.alarms.isEmpty
        alarming = status.alarms.map(\.rawValue)
        signals = indices.map { Signal(signal: $0.key.rawValue, index: $0.value) }
        estimatedAccuracy = status.estimatedAccuracy
    }
}

extension DaemonStatus.Retraining {
    fileprivate init(_ retraining: TaskRetraining) {
        self.init()
        (newRows, minimumNewRows) = (retraining.newRows, retraining.minimumNewRows)
        (paused, runningSince) = (retraining.isPaused, retraining.runningSince)
        guard let record = retraining.last else { return }
        var run = Run()
        (run.startedAt, run.finishedAt) = (record.startedAt, record.finishedAt)
        (run.trigger, run.verdict, run.reason) = (record.trigger.rawValue, record.verdict?.rawValue, record.reason)
        last = run
    }
}
