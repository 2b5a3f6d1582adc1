import DaemonClient
import FoundationEssentials
import Serving

extension DaemonStatus {
    /// What `/metrics` of a daemon says: less than its socket.
    ///
    /// - Parameters:
    ///   - page: a reading.
    ///   - date: when it was read.
    ///   - earlier: a reading before, for rates, and for latencies and batches since then; nil: since the start.
    public init(_ page: MetricsPage, at date: Date, since earlier: (page: MetricsPage, at: Date)? = nil) {
        self.init()
        at = date
        let build = page.samples(DaemonMetricNames.buildInfo).first?.labels ?? [:]
        (version, base, dtype, kernels) = (build["version"], build["base"], build["dtype"], build["kernels"])
        workers = page.value(DaemonMetricNames.workers).map { Int($0) }
        startedAt = page.value(DaemonMetricNames.startTime).map { Date(timeIntervalSince1970: $0) }
        let reading = MetricsReading(page: page, earlier: earlier, date: date)
        pipelines = reading.names(of: "pipeline", in: [MetricNames.messages, MetricNames.ready])
            .map(reading.pipeline)
    }
}

extension DaemonStatus {
    /// A page of metrics, and one before it.
    private struct MetricsReading {
        let page: MetricsPage
        let earlier: (page: MetricsPage, at: Date)?
        let date: Date

        func names(of label: String, in metrics: [String], _ labels: [String: String] = [:]) -> [String] {
            Set(metrics.flatMap { page.samples($0, labels) }.compactMap { $0.labels[label] }).sorted()
        }

        func pipeline(_ name: String) -> DaemonStatus.Pipeline {
            let labels = ["pipeline": name]
            var pipeline = DaemonStatus.Pipeline(name: name)
            pipeline.state = page.value(MetricNames.ready, labels).map { $0 > 0 ? "running" : "not ready" }
            let missing = page.samples(MetricNames.available, labels).filter { $0.value == 0 }
                .compactMap { $0.labels["side"] }
            pipeline.waitingFor = missing.isEmpty ? nil : missing.sorted().joined(separator: ", ")
            pipeline.paused = page.value(MetricNames.paused, labels).map { $0 > 0 }
            let partitions = page.samples(MetricNames.lag, labels)
            if !partitions.isEmpty { pipeline.partitions = partitions.count }
            pipeline.recordsPerSecond = rate(MetricNames.messages, labels)
            // The lag of partitions may lack some: a metric has so many series and no more.
            pipeline.lag = integer(MetricNames.pipelineLag, labels)
            pipeline.inFlight = integer(MetricNames.inFlightMessages, labels)
            pipeline.inFlightBytes = integer(MetricNames.inFlightBytes, labels)
            pipeline.batchFill = mean(MetricNames.batchFill, labels)
            pipeline.latencySinceProduced = latency(MetricNames.endToEnd, labels)
            pipeline.latencySinceReceived = latency(MetricNames.delivery, labels)
            pipeline.received = integer(MetricNames.messages, labels)
            pipeline.rejected = integer(MetricNames.rejected, labels)
            pipeline.dropped = integer(MetricNames.dropped, labels)
            pipeline.retries = integer(MetricNames.retries, labels)
            if let records = integer(MetricNames.outboxRows, labels) {
                pipeline.outbox = DaemonStatus.Outbox(
                    records: records, oldestAge: page.value(MetricNames.outboxAge, labels))
            }
            pipeline.tasks = names(of: "task", in: [MetricNames.labels], labels).map { task($0, of: name) }
            return pipeline
        }

        private func task(_ name: String, of pipeline: String) -> DaemonStatus.PipelineTask {
            let labels = ["pipeline": pipeline, "task": name]
            var task = DaemonStatus.PipelineTask(name: name)
            if let texts = page.value(MetricNames.labels, labels), texts > 0 {
                task.texts = integer(MetricNames.labels, labels)
                task.abstained = (page.value(MetricNames.abstentions, labels) ?? 0) / texts
                let counts = page.samples(MetricNames.taskLabels, labels).compactMap { sample in
                    sample.labels["label"].map { DaemonStatus.LabelShare(label: $0, share: sample.value / texts) }
                }
                task.labels = counts.isEmpty ? nil : counts.sorted { ($1.share, $0.label) < ($0.share, $1.label) }
            }
            task.confidence = mean(MetricNames.taskConfidence, labels)
            if let live = page.samples(DaemonMetricNames.adapterInfo, ["task": name]).last(where: { $0.value > 0 }) {
                task.adapter = DaemonStatus.LiveVersion(
                    version: live.labels["version"].flatMap { Int($0) }, digest: live.labels["digest"])
            }
            task.drift = drift(of: name)
            task.retraining = retraining(of: name)
            return task
        }

        private func retraining(of task: String) -> DaemonStatus.Retraining? {
            let labels = ["task": task]
            guard let minimum = integer(DaemonMetricNames.minimumNewRows, labels) else { return nil }
            var retraining = DaemonStatus.Retraining()
            (retraining.newRows, retraining.minimumNewRows) = (integer(DaemonMetricNames.newRows, labels), minimum)
            if let last = page.samples(DaemonMetricNames.lastRetraining, labels).last {
                var run = DaemonStatus.Retraining.Run()
                run.startedAt = Date(timeIntervalSince1970: last.value)
                run.verdict = last.labels["verdict"] == "none" ? nil : last.labels["verdict"]
                retraining.last = run
            }
            return retraining
        }

        private func drift(of task: String) -> DaemonStatus.Drift? {
            let signals = page.samples(DaemonMetricNames.taskDrift, ["task": task]).compactMap { sample in
                sample.labels["signal"].map { DaemonStatus.Drift.Signal(signal: $0, index: sample.value) }
            }
            guard !signals.isEmpty else { return nil }
            var drift = DaemonStatus.Drift()
            drift.alarm = page.value(DaemonMetricNames.taskDriftAlarm, ["task": task]).map { $0 > 0 }
            drift.signals = signals.sorted { ($1.index, $0.signal) < ($0.index, $1.signal) }
            drift.estimatedAccuracy = page.value(DaemonMetricNames.taskEstimatedAccuracy, ["task": task])
            return drift
        }

        // MARK: - Figures

        private func integer(_ name: String, _ labels: [String: String]) -> Int? {
            page.value(name, labels).flatMap { Int(exactly: $0.rounded()) }
        }

        /// Per second since the earlier page; nil without one, or after a restart between them.
        private func rate(_ name: String, _ labels: [String: String]) -> Double? {
            guard let earlier, let now = page.value(name, labels), let before = earlier.page.value(name, labels) else {
                return nil
            }
            let seconds = date.timeIntervalSince(earlier.at)
            return seconds > 0 && now >= before ? (now - before) / seconds : nil
        }

        /// Of what a histogram counted since the earlier page, or since the start if that is nothing.
        private func mean(_ name: String, _ labels: [String: String]) -> Double? {
            func sums(_ page: MetricsPage?) -> (sum: Double, count: Double) {
                (page?.sum(name + "_sum", labels) ?? 0, page?.sum(name + "_count", labels) ?? 0)
            }
            let (now, before) = (sums(page), sums(earlier?.page))
            if now.count > before.count { return (now.sum - before.sum) / (now.count - before.count) }
            return now.count > 0 ? now.sum / now.count : nil
        }

        private func latency(_ name: String, _ labels: [String: String]) -> DaemonStatus.Latency? {
            func quantile(_ share: Double) -> Double? {
                page.quantile(share, of: name, labels, since: earlier?.page) ?? page.quantile(share, of: name, labels)
            }
            guard let median = quantile(0.5) else { return nil }
            return DaemonStatus.Latency(p50: median, p99: quantile(0.99))
        }
    }
}
