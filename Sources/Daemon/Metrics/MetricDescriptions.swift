import Serving

/// A metric as `/metrics` and `docs/metrics.md` describe it.
struct MetricDescription: Sendable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    let name: String
    let kind: Kind
    /// The labels of its samples.
    let labels: [String]
    /// The HELP line.
    let help: String

    init(_ name: String, _ kind: Kind, _ help: String) { self.init(name, kind, [], help) }

    init(_ name: String, _ kind: Kind, _ labels: [String], _ help: String) {
        (self.name, self.kind, self.labels, self.help) = (name, kind, labels, help)
    }
}

/// Every metric that Lorikeet exports.
public enum MetricDescriptions {
    /// The HELP lines, by name.
    public static let help = Dictionary(all.map { ($0.name, $0.help) }) { first, _ in first }

    static let all = pipelines + daemon + process

    /// Those of the pipelines.
    static let pipelines = [
        MetricDescription(MetricNames.messages, .counter, ["pipeline"], "Records received."),
        MetricDescription(
            MetricNames.labels, .counter, ["pipeline", "task"], "Labels stored, including abstentions."),
        MetricDescription(
            MetricNames.taskLabels, .counter, ["pipeline", "task", "label"],
            "Texts by the label that they got; a text of a multi-label task counts for each of its labels. From the "
                + "201st label of a task on, the label is (other)."),
        MetricDescription(
            MetricNames.taskConfidence, .histogram, ["pipeline", "task"],
            "Score of the best label, whether the text got it or not."),
        MetricDescription(
            MetricNames.abstentions, .counter, ["pipeline", "task"],
            "Texts for which the task abstained: the best score was below its threshold, or the text was none of "
                + "these."),
        MetricDescription(
            MetricNames.noneOfThese, .counter, ["pipeline", "task"],
            "Texts for which the task abstained because their distance is above its threshold of none_of_these."),
        MetricDescription(
            MetricNames.rejected, .counter, ["pipeline", "stage", "cause"],
            "Records stored as rejected. The cause is a word such as not-json, or a SQLSTATE."),
        MetricDescription(
            MetricNames.dropped, .counter, ["pipeline"],
            "Records dropped because no route matched or they have no payload."),
        MetricDescription(
            MetricNames.retries, .counter, ["pipeline", "side", "cause"],
            "Failed attempts at the source, the schema registry, the sink or the publisher. The cause is a SQLSTATE or "
                + "the name of a librdkafka error."),
        MetricDescription(
            MetricNames.offsetResets, .counter, ["pipeline"],
            "Offset resets: a committed offset was out of range and auto.offset.reset chose another."),
        MetricDescription(
            MetricNames.batchFill, .histogram, ["pipeline"], "Tokens of a batch divided by the token budget."),
        MetricDescription(MetricNames.batchTokens, .histogram, ["pipeline"], "Tokens per batch."),
        MetricDescription(
            MetricNames.inFlightMessages, .gauge, ["pipeline"], "Records received and not settled yet."),
        MetricDescription(
            MetricNames.inFlightBytes, .gauge, ["pipeline"], "Bytes of the records received and not settled yet."),
        MetricDescription(
            MetricNames.oldestAge, .gauge, ["pipeline"],
            "Age of the oldest record in flight, since it was produced. 0 if none is in flight."),
        MetricDescription(
            MetricNames.paused, .gauge, ["pipeline"], "1 while back-pressure pauses the partitions, else 0."),
        MetricDescription(MetricNames.ready, .gauge, ["pipeline"], "1 while the pipeline is ready, else 0."),
        MetricDescription(
            MetricNames.available, .gauge, ["pipeline", "side"],
            "1 while a side is available, else 0: adapters, source, sink, and where the pipeline has them registry and "
                + "publisher."),
        MetricDescription(
            MetricNames.pipelineLag, .gauge, ["pipeline"],
            "Consumer lag: records of all assigned partitions that are not read yet."),
        MetricDescription(
            MetricNames.lag, .gauge, ["pipeline", "topic", "partition"],
            "Consumer lag: records of the partition that are not read yet."),
        MetricDescription(
            MetricNames.committed, .gauge, ["pipeline", "topic", "partition"], "Last committed offset."),
        MetricDescription(
            MetricNames.outboxRows, .gauge, ["pipeline"],
            "Records in the outbox: stored and not published yet, whichever daemon stored them."),
        MetricDescription(
            MetricNames.outboxAge, .gauge, ["pipeline"],
            "Age of the oldest record in the outbox, since it was stored. 0 if the outbox is empty."),
        MetricDescription(
            MetricNames.published, .counter, ["pipeline", "kind"],
            "Records that a broker has acknowledged. The kind is labels or rejected."),
        MetricDescription(
            MetricNames.refusedPublications, .counter, ["pipeline", "kind", "cause"],
            "Records that a broker refused for good. The cause is the name of a librdkafka error."),
        MetricDescription(
            MetricNames.stageSeconds, .histogram, ["pipeline", "stage"],
            "Duration of a stage: prepare, classify, store; for batch, how long a text waited for its batch."),
        MetricDescription(
            MetricNames.delivery, .histogram, ["pipeline"], "Time from receiving a record to its committed rows."),
        MetricDescription(
            MetricNames.endToEnd, .histogram, ["pipeline"],
            "Time from producing a record, by its timestamp, to its committed rows."),
    ]

    /// Those of the process as a whole.
    static let daemon = [
        MetricDescription(
            DaemonMetricNames.buildInfo, .gauge, ["version", "kernels", "base", "dtype", "dtype_reason"],
            "Always 1. The labels are the version, the kernels, the digest of the base, the type in which it computes "
                + "and the reason for it: the first 500 characters of what the first log line says; empty where the "
                + "pipeline file names a type that the CPU computes fast."
        ),
        MetricDescription(DaemonMetricNames.workers, .gauge, "Threads that classify."),
        MetricDescription(
            DaemonMetricNames.adapterInfo, .gauge, ["task", "version", "digest"],
            "Always 1. The labels identify the adapter in use for a task."),
        MetricDescription(
            DaemonMetricNames.adapterPromoted, .gauge, ["task"],
            "When the adapter in use for a task was promoted, since unix epoch in seconds."),
        MetricDescription(
            DaemonMetricNames.refreshFailures, .counter, "Failed reads of the live adapters."),
        MetricDescription(
            DaemonMetricNames.retrainings, .counter, ["task", "verdict"],
            "Retrainings that this daemon started and that ended."),
        MetricDescription(
            DaemonMetricNames.retrainingSeconds, .histogram, ["task"],
            "Duration of the retrainings that this daemon started and that ended."),
        MetricDescription(
            DaemonMetricNames.approvalAwaited, .gauge, ["task"],
            "Since when a challenger that passed has waited for a person to promote it, since unix epoch in seconds. "
                + "There only while one waits."),
        MetricDescription(
            DaemonMetricNames.newRows, .gauge, ["task"], "Labelled rows since the last retraining, as counted last."),
        MetricDescription(
            DaemonMetricNames.minimumNewRows, .gauge, ["task"],
            "New labelled rows that start a retraining, by the pipeline file."),
        MetricDescription(
            DaemonMetricNames.lastRetraining, .gauge, ["task", "verdict"],
            "When the last retraining of a task began, whoever started it, since unix epoch in seconds. The verdict is "
                + "none while it runs."),
        MetricDescription(
            DaemonMetricNames.unusableRows, .gauge, ["task", "kind"],
            "Labelled rows that a retraining cannot use. The kind is case, accent or letter for a label that is almost "
                + "one of the task's, else unknown, no_text, no_label, no_time, wrong_type or other_kind."),
        MetricDescription(
            DaemonMetricNames.taskDrift, .gauge, ["task", "signal"],
            "Population stability index of the last 500 texts against the drift reference of the adapter, by signal: "
                + "labels, confidence, abstentions, unknown_tokens, length, distance. 0.2 and more may alarm."),
        MetricDescription(
            DaemonMetricNames.taskDriftAlarm, .gauge, ["task"],
            "1 while the texts of a task differ from the drift reference of its adapter, else 0."),
        MetricDescription(
            DaemonMetricNames.taskEstimatedAccuracy, .gauge, ["task"],
            "Accuracy on the last 500 texts, estimated from the calibrated scores."),
        MetricDescription(
            DaemonMetricNames.taskShadowTexts, .gauge, ["task", "version"],
            "Texts that the challenger in shadow has labelled beside the champion, in this daemon."),
        MetricDescription(
            DaemonMetricNames.taskShadowAgreement, .gauge, ["task", "version"],
            "Share of the texts labelled by both champion and challenger that get the same label from both."),
        MetricDescription(
            DaemonMetricNames.taskShadowChangedLabels, .gauge, ["task", "version"],
            "Share of the texts labelled by both champion and challenger whose label would change. Texts whose label "
                + "changes because of new labels of the task are left out."),
        MetricDescription(
            DaemonMetricNames.taskShadowConfidence, .gauge, ["task", "version", "adapter"],
            "Mean score of the best label on the texts labelled by both. The adapter is champion or challenger."),
        MetricDescription(
            DaemonMetricNames.taskEstimatedPrecision, .gauge, ["task", "label"],
            "Precision of a label of a multi-label task on the last 500 texts, estimated from the calibrated scores."),
        MetricDescription(
            DaemonMetricNames.taskEstimatedRecall, .gauge, ["task", "label"],
            "Recall of a label of a multi-label task on the last 500 texts, estimated from the calibrated scores."),
        MetricDescription(
            DaemonMetricNames.taskMeasuredAccuracy, .gauge, ["task", "sample"],
            "Accuracy of the live adapter on texts that were annotated after it labelled them. The sample is random "
                + "if the source of the annotation says so, else chosen: texts that were chosen for labelling are "
                + "usually harder than the stream."),
        MetricDescription(
            DaemonMetricNames.taskMeasuredLower, .gauge, ["task", "sample"],
            "Lower bound of the 95 % confidence interval (Wilson) of the measured accuracy."),
        MetricDescription(
            DaemonMetricNames.taskMeasuredUpper, .gauge, ["task", "sample"],
            "Upper bound of the 95 % confidence interval (Wilson) of the measured accuracy."),
        MetricDescription(
            DaemonMetricNames.taskMeasuredTexts, .gauge, ["task", "sample"],
            "Annotated texts on which the accuracy was measured."),
        MetricDescription(
            DaemonMetricNames.retentionRows, .counter, ["pipeline", "table"],
            "Rows that this daemon deleted because of their age, also with whole partitions."),
        MetricDescription(
            DaemonMetricNames.retentionFailures, .counter, ["pipeline"],
            "Failed attempts to delete old rows, or to make partitions ahead of time."),
        MetricDescription(
            DaemonMetricNames.reloads, .counter, ["outcome"],
            "Reloads of the pipeline files. The outcome is applied or refused."),
        MetricDescription(
            DaemonMetricNames.reloadSuccessful, .gauge,
            "1 if the pipeline files were applied when they were read last, else 0."),
        MetricDescription(
            DaemonMetricNames.reloadSuccessTime, .gauge,
            "When the pipeline files were applied last, since unix epoch in seconds."),
        MetricDescription(
            DaemonMetricNames.configInfo, .gauge, ["pipeline", "file", "digest"],
            "Always 1. The labels are the name of a pipeline, its file and the SHA-256 of the file in force."),
        MetricDescription(
            DaemonMetricNames.closedConnections, .counter,
            "Connections of the HTTP port that were closed to make room for others."),
        MetricDescription(
            DaemonMetricNames.omittedSeries, .counter, ["metric"],
            "Series that are not exported, because the metric has 10,000 already."),
    ]

    /// Those that every Prometheus client has.
    static let process = [
        MetricDescription(DaemonMetricNames.residentMemory, .gauge, "Resident memory size in bytes."),
        MetricDescription(DaemonMetricNames.virtualMemory, .gauge, "Virtual memory size in bytes."),
        MetricDescription(
            DaemonMetricNames.cpuSeconds, .counter, "Total user and system CPU time spent in seconds."),
        MetricDescription(
            DaemonMetricNames.startTime, .gauge, "Start time of the process since unix epoch in seconds."),
        MetricDescription(DaemonMetricNames.openFileDescriptors, .gauge, "Number of open file descriptors."),
        MetricDescription(
            DaemonMetricNames.maximumFileDescriptors, .gauge, "Maximum number of open file descriptors."),
    ]

    /// The tables of `docs/metrics.md`.
    static var tables: String {
        func table(_ title: String, _ metrics: [MetricDescription]) -> String {
            let rows = metrics.map { metric in
                let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
                return "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |\n"
            }
            return "## \(title)\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n" + rows.joined()
        }
        return [
            table("Pipelines", pipelines), table("The daemon", daemon), table("The process", process),
        ].joined(separator: "\n")
    }
}
