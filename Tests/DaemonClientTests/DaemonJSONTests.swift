import Foundation
import Testing

@testable import DaemonClient

@Suite struct DaemonJSONTests {
    private static var status: DaemonStatus {
        var status = DaemonStatus()
        (status.version, status.processId, status.workers) = ("0.1.0", 4711, 4)
        (status.at, status.startedAt) = (Date(timeIntervalSince1970: 1_800_000_000), Date(timeIntervalSince1970: 1000))
        var pipeline = DaemonStatus.Pipeline(name: "mail")
        (pipeline.state, pipeline.recordsPerSecond, pipeline.lag) = ("running", 12.5, 3)
        pipeline.latencySinceProduced = DaemonStatus.Latency(p50: 0.1, p99: 2)
        pipeline.outbox = DaemonStatus.Outbox(records: 1, oldestAge: 0.5, waitingFor: "a broker")
        var task = DaemonStatus.PipelineTask(name: "urgency")
        task.labels = [DaemonStatus.LabelShare(label: "high", share: 1)]
        task.adapter = DaemonStatus.LiveVersion(version: 2, digest: "ab", promotedAt: status.startedAt)
        var drift = DaemonStatus.Drift()
        (drift.alarm, drift.alarming) = (true, ["labels"])
        drift.signals = [DaemonStatus.Drift.Signal(signal: "labels", index: 0.4)]
        var run = DaemonStatus.Retraining.Run()
        (run.startedAt, run.trigger, run.verdict, run.reason) = (status.at, "rows", "held", "too few rows")
        var retraining = DaemonStatus.Retraining()
        (retraining.newRows, retraining.minimumNewRows, retraining.paused, retraining.last) = (5, 10, true, run)
        (task.drift, task.retraining) = (drift, retraining)
        pipeline.tasks = [task]
        status.pipelines = [pipeline]
        return status
    }

    @Test func aStatusIsTheSameAfterJSON() throws {
        let text = try DaemonJSON.text(Self.status)
        #expect(!text.contains("\n"))
        #expect(try DaemonJSON.value(DaemonStatus.self, from: Array(text.utf8)) == Self.status)
    }

    /// Scripts rely on the keys.
    @Test func theKeysAreInSnakeCase() throws {
        let text = try DaemonJSON.text(Self.status)
        for key in [
            "process_id", "started_at", "pipelines", "records_per_second", "latency_since_produced", "p50", "p99",
            "oldest_age", "waiting_for", "promoted_at", "alarming", "minimum_new_rows", "new_rows",
        ] { #expect(text.contains("\"\(key)\":"), "\(key)") }
        #expect(text.contains("\"at\":\"2027-01-15T08:00:00Z\""))
    }

    /// A daemon of another version says more or less.
    @Test func unknownKeysAreIgnoredAndMissingOnesAreNil() throws {
        let text = #"{"version":"9","colour":{"deep":[1]},"pipelines":[{"name":"p","speed":1,"tasks":[{"name":"t"}]}]}"#
        let status = try DaemonJSON.value(DaemonStatus.self, from: Array(text.utf8))
        var expected = DaemonStatus()
        expected.version = "9"
        var pipeline = DaemonStatus.Pipeline(name: "p")
        pipeline.tasks = [DaemonStatus.PipelineTask(name: "t")]
        expected.pipelines = [pipeline]
        #expect(status == expected)
        #expect(try DaemonJSON.value(DaemonStatus.self, from: Array("{}".utf8)) == DaemonStatus())
    }

    @Test(arguments: ["", "[]", "<html>", #"{"pipelines":1}"#, #"{"pipelines":[{}]}"#, "\u{0}"])
    func whatIsNoStatusIsAnError(text: String) {
        #expect(throws: (any Error).self) { _ = try DaemonJSON.value(DaemonStatus.self, from: Array(text.utf8)) }
    }

    @Test func tappedTextsAreTheSameAfterJSON() throws {
        let texts = TappedTexts(
            texts: [
                TappedTexts.Text(
                    origin: "t/0@1", producedAt: 1000, text: "a \"text\"\n\u{1B}",
                    labels: [
                        TappedTexts.Label(
                            task: "t", label: nil, labels: ["a"], score: 0.5, abstained: false, adapterDigest: "d")
                    ])
            ], dropped: 3)
        #expect(try DaemonJSON.value(TappedTexts.self, from: Array(try DaemonJSON.text(texts).utf8)) == texts)
    }
}
