import DaemonClient
import Foundation

/// A daemon with two pipelines, one of which can do nothing.
enum SampleStatus {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    static var daemon: DaemonStatus {
        var status = DaemonStatus()
        (status.version, status.processId, status.at) = ("0.1.0", 4711, now)
        (status.startedAt, status.workers) = (now.addingTimeInterval(-11_520), 4)
        (status.dtype, status.base) = ("bfloat16", "1f3c9a7e55d04c21aa")
        var mail = DaemonStatus.Pipeline(name: "mail")
        (mail.state, mail.waitingFor, mail.retries) = ("waiting", "PostgreSQL: connection refused", 3)
        status.pipelines = [tickets, mail]
        return status
    }

    private static var tickets: DaemonStatus.Pipeline {
        var tickets = DaemonStatus.Pipeline(name: "support-tickets-europe")
        (tickets.state, tickets.recordsPerSecond, tickets.lag) = ("running", 1234.4, 12_345_678)
        (tickets.inFlight, tickets.batchFill) = (512, 0.874)
        tickets.latencySinceProduced = DaemonStatus.Latency(p50: 0.0853, p99: 12.4)
        tickets.latencySinceReceived = DaemonStatus.Latency(p50: 0.012, p99: 0.4)
        (tickets.received, tickets.labelled, tickets.rejected) = (9_876_543, 9_876_000, 31)
        (tickets.dropped, tickets.retries) = (0, 17)
        tickets.outbox = DaemonStatus.Outbox(records: 12, oldestAge: 3.2)
        tickets.tasks = [urgency, DaemonStatus.PipelineTask(name: "product")]
        return tickets
    }

    private static var urgency: DaemonStatus.PipelineTask {
        var urgency = DaemonStatus.PipelineTask(name: "urgency")
        urgency.texts = 1000
        urgency.labels = [
            DaemonStatus.LabelShare(label: "normal", share: 0.612), DaemonStatus.LabelShare(label: "low", share: 0.25),
            DaemonStatus.LabelShare(label: "high", share: 0.138),
        ]
        (urgency.confidence, urgency.abstained) = (0.9123, 0.031)
        urgency.adapter = DaemonStatus.LiveVersion(
            version: 12, digest: "3fa9c1d2e4b7aa", promotedAt: now, shadowVersion: 13)
        var drift = DaemonStatus.Drift()
        (drift.alarm, drift.alarming, drift.estimatedAccuracy) = (true, ["labels", "length"], 0.871)
        drift.signals = [("labels", 0.314), ("length", 0.25), ("confidence", 0.02)].map {
            DaemonStatus.Drift.Signal(signal: $0, index: $1)
        }
        urgency.drift = drift
        var run = DaemonStatus.Retraining.Run()
        (run.startedAt, run.finishedAt, run.trigger) = (now.addingTimeInterval(-8000), now, "rows")
        run.verdict = "promoted"
        run.reason = "macro-F1 0.91 instead of 0.88 on 400 held-out rows, p = 0.003, and no label is worse"
        var retraining = DaemonStatus.Retraining()
        (retraining.newRows, retraining.minimumNewRows, retraining.paused, retraining.last) = (1200, 2000, false, run)
        urgency.retraining = retraining
        return urgency
    }
}
