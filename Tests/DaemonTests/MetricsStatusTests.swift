import DaemonClient
import Foundation
import Testing

@testable import Daemon

/// What `status --url` reads from `/metrics`, figure by figure.
@Suite struct MetricsStatusTests {
    private static let page = """
        lorikeet_build_info{version="1.2",kernels="avx2",base="abc",dtype="int8"} 1
        lorikeet_workers 2
        process_start_time_seconds 1000
        lorikeet_pipeline_ready{pipeline="mail"} 0
        lorikeet_dependency_available{pipeline="mail",side="sink"} 0
        lorikeet_dependency_available{pipeline="mail",side="registry"} 0
        lorikeet_dependency_available{pipeline="mail",side="source"} 1
        lorikeet_source_paused{pipeline="mail"} 1
        lorikeet_pipeline_lag_messages{pipeline="mail"} 70
        lorikeet_lag_messages{pipeline="mail",topic="t",partition="0"} 30
        lorikeet_lag_messages{pipeline="mail",topic="t",partition="1"} 20
        lorikeet_messages_total{pipeline="mail"} 300
        lorikeet_rejected_total{pipeline="mail",stage="decode",cause="not-json"} 3
        lorikeet_rejected_total{pipeline="mail",stage="store",cause="23514"} 4
        lorikeet_dropped_total{pipeline="mail"} 5
        lorikeet_retries_total{pipeline="mail",side="sink",cause="57P03"} 6
        lorikeet_retries_total{pipeline="mail",side="source",cause="other"} 1
        lorikeet_in_flight_messages{pipeline="mail"} 8
        lorikeet_in_flight_bytes{pipeline="mail"} 900
        lorikeet_batch_fill_ratio_sum{pipeline="mail"} 9
        lorikeet_batch_fill_ratio_count{pipeline="mail"} 15
        lorikeet_delivery_seconds_bucket{pipeline="mail",le="1"} 100
        lorikeet_delivery_seconds_bucket{pipeline="mail",le="+Inf"} 100
        lorikeet_end_to_end_seconds_bucket{pipeline="mail",le="2"} 100
        lorikeet_end_to_end_seconds_bucket{pipeline="mail",le="+Inf"} 100
        lorikeet_outbox_rows{pipeline="mail"} 11
        lorikeet_outbox_oldest_age_seconds{pipeline="mail"} 12
        lorikeet_labels_total{pipeline="mail",task="role"} 200
        lorikeet_labels_total{pipeline="mail",task="topic"} 0
        lorikeet_abstentions_total{pipeline="mail",task="role"} 20
        lorikeet_task_labels_total{pipeline="mail",task="role",label="a"} 50
        lorikeet_task_labels_total{pipeline="mail",task="role",label="b"} 130
        lorikeet_task_confidence_ratio_sum{pipeline="mail",task="role"} 160
        lorikeet_task_confidence_ratio_count{pipeline="mail",task="role"} 200
        lorikeet_adapter_info{task="role",version="4",digest="def"} 1
        lorikeet_task_drift{task="role",signal="length"} 0.1
        lorikeet_task_drift{task="role",signal="labels"} 0.3
        lorikeet_task_drift_alarm{task="role"} 1
        lorikeet_task_estimated_accuracy{task="role"} 0.9
        lorikeet_task_new_rows{task="role"} 13
        lorikeet_task_minimum_new_rows{task="role"} 100
        lorikeet_task_last_retraining_timestamp_seconds{task="role",verdict="promoted"} 500
        lorikeet_task_minimum_new_rows{task="topic"} 100
        lorikeet_task_last_retraining_timestamp_seconds{task="topic",verdict="none"} 600
        lorikeet_pipeline_ready{pipeline="news"} 1
        lorikeet_pipeline_lag_messages{pipeline="news"} 0

        """

    private static let earlier = """
        lorikeet_messages_total{pipeline="mail"} 100
        lorikeet_batch_fill_ratio_sum{pipeline="mail"} 4
        lorikeet_batch_fill_ratio_count{pipeline="mail"} 5

        """

    private static let status = DaemonStatus(
        MetricsPage(text: page), at: Date(timeIntervalSince1970: 2010),
        since: (page: MetricsPage(text: earlier), at: Date(timeIntervalSince1970: 2000)))

    @Test func theDaemonIsDescribed() {
        let status = Self.status
        #expect(status.version == "1.2" && status.kernels == "avx2" && status.base == "abc" && status.dtype == "int8")
        #expect(status.workers == 2 && status.startedAt == Date(timeIntervalSince1970: 1000))
        #expect(status.pipelines?.map(\.name) == ["mail", "news"])
    }

    @Test func aPipelineHasItsFigures() throws {
        let pipeline = try #require(Self.status.pipelines?.first)
        #expect(pipeline.state == "not ready" && pipeline.waitingFor == "registry, sink" && pipeline.paused == true)
        #expect(pipeline.partitions == 2 && pipeline.recordsPerSecond == 20)
        // Complete, unlike the sum of the partitions that have a series.
        #expect(pipeline.lag == 70)
        #expect(pipeline.inFlight == 8 && pipeline.inFlightBytes == 900 && pipeline.batchFill == 0.5)
        #expect(pipeline.latencySinceReceived == DaemonStatus.Latency(p50: 0.5, p99: 0.99))
        #expect(pipeline.latencySinceProduced == DaemonStatus.Latency(p50: 1, p99: 1.98))
        #expect(pipeline.received == 300 && pipeline.rejected == 7 && pipeline.dropped == 5 && pipeline.retries == 7)
        #expect(pipeline.outbox == DaemonStatus.Outbox(records: 11, oldestAge: 12))
    }

    @Test func aPipelineWithoutTheSeriesClaimsNothing() throws {
        let pipeline = try #require(Self.status.pipelines?.last)
        #expect(pipeline.state == "running" && pipeline.waitingFor == nil && pipeline.lag == 0)
        #expect(pipeline.outbox == nil && pipeline.batchFill == nil && pipeline.latencySinceReceived == nil)
        #expect(pipeline.tasks == [])
    }

    @Test func aTaskHasItsFigures() throws {
        let tasks = try #require(Self.status.pipelines?.first?.tasks)
        #expect(tasks.map(\.name) == ["role", "topic"])
        let role = tasks[0]
        #expect(role.texts == 200 && role.abstained == 0.1 && role.confidence == 0.8)
        #expect(role.labels?.map(\.label) == ["b", "a"] && role.labels?.map(\.share) == [0.65, 0.25])
        #expect(role.adapter == DaemonStatus.LiveVersion(version: 4, digest: "def"))
        #expect(role.drift?.alarm == true && role.drift?.estimatedAccuracy == 0.9)
        #expect(role.drift?.signals?.map(\.signal) == ["labels", "length"])
        #expect(role.drift?.signals?.map(\.index) == [0.3, 0.1])
        #expect(role.retraining?.newRows == 13 && role.retraining?.minimumNewRows == 100)
        #expect(role.retraining?.last?.startedAt == Date(timeIntervalSince1970: 500))
        #expect(role.retraining?.last?.verdict == "promoted")
    }

    @Test func aTaskWithoutLabelsIsShown() throws {
        let task = try #require(Self.status.pipelines?.first?.tasks?.last)
        #expect(task.texts == nil && task.labels == nil && task.abstained == nil && task.adapter == nil)
        #expect(task.retraining?.newRows == nil && task.retraining?.last?.verdict == nil)
        #expect(task.retraining?.last?.startedAt == Date(timeIntervalSince1970: 600))
    }
}
