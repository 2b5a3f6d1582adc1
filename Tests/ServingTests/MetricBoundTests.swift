import MetricsTestKit
import Testing

@testable import Serving

/// What others choose does not decide how many series there are.
@Suite struct MetricBoundTests {
    private func causes(_ metrics: TestMetrics, of name: String) -> Set<String> {
        Set(metrics.counters(label: name).flatMap(\.dimensions).filter { $0.0 == "cause" }.map(\.1))
    }

    @Test func causesBeyondTheLimitAreOther() throws {
        let metrics = TestMetrics()
        let pipeline = PipelineMetrics(pipeline: "test", factory: metrics)
        for index in 0..<200 { pipeline.countRejected(.store, cause: "P\(index)") }
        pipeline.countRejected(.store, cause: "P3", by: 4)
        for index in 0..<200 { pipeline.countRetry("sink", cause: "X\(index)") }
        for name in [MetricNames.rejected, MetricNames.retries] {
            let causes = causes(metrics, of: name)
            #expect(causes.count == MetricNames.causeLimit + 1 && causes.contains(MetricNames.otherCause))
        }
        let counters = metrics.counters(label: MetricNames.rejected)
        #expect(counters.map(\.totalValue).reduce(0, +) == 204)
        let known = try #require(counters.first { $0.dimensions.contains { $0 == ("cause", "P3") } })
        #expect(known.totalValue == 5)
    }

    @Test func labelsBeyondTheLimitAreOther() throws {
        let metrics = TestMetrics()
        let task = TaskMetrics(dimensions: [("task", "role")], factory: metrics)
        for index in 0..<300 {
            task.count(
                TaskLabel(
                    task: "role", label: "label \(index)", score: 1, scores: [], abstained: false,
                    adapterDigest: "abc"))
        }
        let counters = metrics.counters(label: MetricNames.taskLabels)
        #expect(counters.count == MetricNames.labelLimit + 1)
        let other = try #require(counters.first { $0.dimensions.contains { $0 == ("label", MetricNames.otherLabel) } })
        #expect(other.totalValue == 100)
    }

    /// A damaged timestamp is no reason to end.
    @Test(arguments: [Int64.min, -5, 0, .max]) func anyTimestampIsMeasuredOrLeftOut(milliseconds: Int64) throws {
        let metrics = TestMetrics()
        let pipeline = PipelineMetrics(pipeline: "test", factory: metrics)
        pipeline.recordDelivery(.milliseconds(2), endToEnd: milliseconds)
        let values = try metrics.expectTimer(MetricNames.endToEnd, [("pipeline", "test")]).values
        #expect(values == (milliseconds == .max ? [] : [0]))
    }
}
