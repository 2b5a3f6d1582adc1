import BERT
import Drift
import Foundation
import JSON
import Serving
import TestSupport
import Testing
import Threading

/// The serving path as a whole: what goes in comes out, once, labelled or rejected.
@Suite(.timeLimit(.minutes(2)))
struct ServingPipelineTests {
    @Test func everyMessageGetsOneRowPerTask() async throws {
        let harness = try ServingHarness(tasks: [TaskDefinition(name: "role"), TaskDefinition(name: "section")])
        harness.source.produce(texts: ServingHarness.texts(300))
        try await harness.whileRunning { await harness.sink.waitForMessages(300) }
        let state = harness.sink.state.value
        #expect(state.labels.count == 600 && state.rejected.isEmpty)
        #expect(state.transactions.map(\.count).reduce(0, +) == 300)
        #expect(harness.committed == 300)
        #expect(state.isClosed && harness.source.state.value.isClosed)
        let digests = Set(harness.live.snapshot.adapters.values.map(\.adapter.digest))
        #expect(Set(state.labels.values.map(\.adapterDigest)) == digests)
        #expect(harness.way.status.state == .stopped && harness.way.status.labelled == 300)
    }

    @Test func aLabelIsTheBestOfItsScores() async throws {
        let harness = try ServingHarness()
        harness.source.produce(texts: ServingHarness.texts(20))
        try await harness.whileRunning { await harness.sink.waitForMessages(20) }
        for label in harness.sink.state.value.labels.values {
            #expect(label.scores.map(\.label) == ["a", "b"])
            #expect(abs(label.scores.map(\.score).reduce(0, +) - 1) < 1e-5)
            let best = try #require(label.scores.max { $0.score < $1.score })
            #expect(label.label == best.label && label.score == best.score && !label.abstained)
        }
    }

    @Test func theFirstTextsBecomeTheDriftReferenceOfTheLiveAdapter() async throws {
        let harness = try ServingHarness()
        harness.source.produce(texts: ServingHarness.texts(3_000))
        try await harness.whileRunning { await harness.sink.waitForMessages(3_000) }
        let live = try #require(harness.live.snapshot.adapters["role"])
        let reference = try #require(live.drift.unstoredReference)
        #expect(reference.adapterDigest == live.adapter.digest)
        #expect(reference.profile.texts == DriftMonitor.profileTexts)
        #expect(reference.profile.counts(.labels).reduce(0, +) == DriftMonitor.profileTexts)
        #expect(reference.profile.counts(.abstentions).allSatisfy { $0 == 0 }, "the task never abstains")
        let later = live.drift.status.texts
        #expect(later > 0 && later <= 500)
    }

    @Test func abstainsBelowTheThreshold() async throws {
        let harness = try ServingHarness(tasks: [TaskDefinition(name: "role", abstention: .below(1.1))])
        harness.source.produce(texts: ["any"])
        try await harness.whileRunning { await harness.sink.waitForMessages(1) }
        let label = try #require(harness.sink.state.value.labels.values.first)
        #expect(label.label == nil && label.abstained && label.score > 0.5)
    }

    @Test func abstainsBelowTheThresholdOfThePrecision() async throws {
        let point = AbstentionThreshold(precision: 0.96, threshold: 0, coverage: 1)
        for (points, abstains) in [([point], false), ([], true)] {
            let harness = try ServingHarness(tasks: [TaskDefinition(name: "role", abstention: .precision(0.95))])
            let adapter = try harness.model.adapter(labels: ["a", "b"]).with { $0.abstention = points }
            try harness.swap("role", to: adapter, version: 9)
            harness.source.produce(texts: ["any"])
            try await harness.whileRunning { await harness.sink.waitForMessages(1) }
            let label = try #require(harness.sink.state.value.labels.values.first)
            #expect(label.abstained == abstains && (label.label == nil) == abstains)
        }
    }

    @Test func aMultiLabelTaskGivesTheSetOverItsThresholds() async throws {
        let harness = try ServingHarness()
        let adapter = try harness.model.adapter(labels: ["a", "b"]).with {
            $0.multiLabel = true
            $0.thresholds = [0, 1]
            $0.temperature = 2
        }
        try harness.swap("role", to: adapter, version: 9)
        harness.source.produce(texts: ["any"])
        try await harness.whileRunning { await harness.sink.waitForMessages(1) }
        let label = try #require(harness.sink.state.value.labels.values.first)
        #expect(label.label == nil && label.labels == ["a"] && !label.abstained)
        #expect(label.score == label.scores.map(\.score).max())
    }

    /// What a task says of one text, for one label per text or sets of labels, with the counters of abstentions.
    private func label(
        _ noneOfThese: NoneOfThese?, multiLabel: Bool = false, hasReference: Bool = true
    ) async throws -> (label: TaskLabel, counted: [Int64]) {
        let harness = try ServingHarness(tasks: [TaskDefinition(name: "role", noneOfThese: noneOfThese)])
        let adapter = try harness.model.adapter(labels: ["a", "b"]).with {
            if multiLabel { ($0.multiLabel, $0.thresholds) = (true, [0, 1]) }
        }
        let reference = try #require(harness.model.driftReference(of: adapter))
        try harness.swap("role", to: adapter, version: 9, reference: hasReference ? reference : nil)
        harness.source.produce(texts: ["any"])
        try await harness.whileRunning { await harness.sink.waitForMessages(1) }
        let counted = [MetricNames.abstentions, MetricNames.noneOfThese].map { name in
            (try? harness.metrics.expectCounter(name, [("pipeline", "test"), ("task", "role")]))?.totalValue ?? 0
        }
        return (try #require(harness.sink.state.value.labels.values.first), counted)
    }

    /// Per text: both latencies, its label and its score. The source's first message was produced at 1000.
    @Test func deliveriesAndAnswersAreMeasured() async throws {
        let clock = Clock(now: Clock.system.now, sleep: Clock.system.sleep, date: { 61_000 })
        let harness = try ServingHarness(clock: clock)
        harness.source.produce(texts: ServingHarness.texts(3))
        try await harness.whileRunning { await harness.sink.waitForMessages(3) }
        let pipeline = [("pipeline", "test")]
        #expect(try harness.metrics.expectTimer(MetricNames.delivery, pipeline).values.count == 3)
        let endToEnd = try harness.metrics.expectTimer(MetricNames.endToEnd, pipeline).values
        #expect(endToEnd.count == 3 && endToEnd.max() == 60_000_000_000, "\(endToEnd)")
        let task = pipeline + [("task", "role")]
        #expect(try harness.metrics.expectRecorder(MetricNames.taskConfidence, task).values.count == 3)
        let texts = harness.metrics.counters(label: MetricNames.taskLabels)
        #expect(texts.map(\.totalValue).reduce(0, +) == 3)
        for side in ["adapters", "source", "sink"] {
            let gauge = try harness.metrics.expectGauge(MetricNames.available, pipeline + [("side", side)])
            #expect(gauge.lastValue == 1, "\(side)")
        }
        #expect(harness.way.status.dependencies.map(\.name) == ["adapters", "source", "sink"])
    }

    @Test(arguments: [false, true]) func aTextBeyondTheDistanceGetsNoLabel(multiLabel: Bool) async throws {
        let (beyond, counted) = try await label(.beyond(0), multiLabel: multiLabel)
        #expect(beyond.label == nil && beyond.labels == nil && beyond.abstained && beyond.isNoneOfThese)
        #expect((beyond.distance ?? 0) > 0 && beyond.score > 0)
        #expect(counted == [1, 1])
        let (within, none) = try await label(.beyond(1_000), multiLabel: multiLabel)
        #expect((within.label ?? within.labels?.first) != nil && !within.abstained && !within.isNoneOfThese)
        #expect(within.distance == beyond.distance)
        #expect(none == [0, 0])
    }

    @Test func theDistanceIsThereWithoutAThresholdAndNeededForOne() async throws {
        let never = try await label(nil).label
        #expect(never.distance != nil && !never.abstained)
        let unknown = try await label(.beyond(0), hasReference: false).label
        #expect(unknown.distance == nil && unknown.label != nil && !unknown.abstained)
    }

    @Test func noneOfTheseSaysWhenItHasNoEffect() throws {
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"])
        let spread = try #require(try TinyModel.shared.get().driftReference(of: adapter)?.spread)
        #expect(NoneOfThese.beyond(2).doubt(spread) == nil && NoneOfThese.falseAlarms(0.01).doubt(spread) == nil)
        #expect(NoneOfThese.beyond(2).doubt(nil)?.contains("no drift reference") == true)
        #expect(NoneOfThese.falseAlarms(0.01).doubt(nil)?.contains("no drift reference") == true)
        // 300 texts promise 1 in 301.
        let rare = NoneOfThese.falseAlarms(0.001)
        #expect(rare.doubt(spread)?.contains("300 texts, too few for a share of 0.001") == true)
        #expect(!rare.holds(distance: 1e9, spread) && NoneOfThese.beyond(2).holds(distance: 1e9, spread))
        #expect(!NoneOfThese.beyond(2).holds(distance: nil, spread))
        let threshold = try #require(NoneOfThese.falseAlarms(0.01).threshold(spread))
        #expect(NoneOfThese.falseAlarms(0.01).holds(distance: threshold * 1.01, spread))
        #expect(!NoneOfThese.falseAlarms(0.01).holds(distance: threshold, spread))
    }

    @Test func badMessagesAreRejectedAndTheOthersLabelled() async throws {
        let secret = "xyzzy"
        let harness = try ServingHarness(extractor: .pointer(try JSONPointer("/text"))) {
            $0.maximumMessageBytes = 1000
        }
        let bad: [[UInt8]?] = [
            nil, [0xFF, 0xFE], Array(secret.utf8), Array(#"{"body":"\#(secret)"}"#.utf8),
            Array(#"{"text":{"a":"\#(secret)"}}"#.utf8), Array(#"{"text":"  "}"#.utf8),
            Array(String(repeating: secret, count: 300).utf8),
        ]
        harness.source.produce(bad + [Array(#"{"text":"\#(secret)\u0000"}"#.utf8)])
        try await harness.whileRunning { await harness.sink.waitForMessages(8) }
        let state = harness.sink.state.value
        #expect(state.rejected.count == 7 && state.labels.count == 1)
        let stages = (0..<7).map { offset in
            state.rejected[Origin(topic: "texts", partition: 0, offset: Int64(offset))]?.stage
        }
        #expect(stages == [.decode, .decode, .decode, .extract, .extract, .extract, .decode])
        #expect(!state.rejected.values.contains { $0.reason.contains(secret) })
        #expect(harness.committed == 8)
    }

    @Test func unroutedMessagesAreRejectedOrDropped() async throws {
        let routes = [Route(conditions: [.keyPrefix("yes")], tasks: ["role"])]
        for policy in UnroutedPolicy.allCases {
            let harness = try ServingHarness(routes: routes) { $0.unrouted = policy }
            harness.source.produce([Array("no".utf8), Array("no".utf8)], key: Array("no".utf8))
            harness.source.produce([Array("yes".utf8)], key: Array("yes".utf8))
            try await harness.whileRunning { await harness.sink.state.wait { !$0.labels.isEmpty } }
            #expect(harness.sink.state.value.rejected.count == (policy == .reject ? 2 : 0))
            #expect(harness.way.status.dropped == (policy == .drop ? 2 : 0))
            #expect(harness.committed == 3)
        }
    }

    @Test(arguments: [true, false])
    func textsAreStoredOnlyWhereWanted(stores: Bool) async throws {
        let harness = try ServingHarness { $0.storeText = stores }
        harness.source.produce(texts: ["hello"])
        try await harness.whileRunning { await harness.sink.waitForMessages(1) }
        guard case .labelled(let labelled) = harness.sink.state.value.transactions.first?.first else {
            Issue.record("nothing was labelled")
            return
        }
        #expect(labelled.text == (stores ? "hello" : nil))
    }

    @Test func aTextWithoutALiveAdapterIsRejectedAlone() async throws {
        let harness = try ServingHarness()
        try await harness.whileRunning {
            harness.way.update(
                settings: ServingSettings(pipeline: "test"), tasks: [],
                router: Router(routes: [
                    Route(tasks: ["role"]), Route(conditions: [.keyPrefix("x")], tasks: ["unheard"]),
                ]),
                extractor: .wholeMessage)
            harness.source.produce([Array("one".utf8)], key: Array("x".utf8))
            harness.source.produce(texts: ["two"])
            await harness.sink.waitForMessages(2)
        }
        let state = harness.sink.state.value
        #expect(state.labels.count == 1)
        #expect(state.rejected.values.map(\.reason) == ["task unheard has no live adapter"])
        #expect(state.rejected.values.map(\.stage) == [.classify])
    }

    @Test func aSwapTakesEffectInMidStream() async throws {
        let harness = try ServingHarness()
        let old = try #require(harness.live.snapshot.adapters["role"]?.adapter.digest)
        harness.source.produce(texts: ServingHarness.texts(200))
        try await harness.whileRunning {
            await harness.sink.waitForMessages(50)
            let new = try harness.swap("role", seed: 9)
            harness.source.produce(texts: ServingHarness.texts(200))
            await harness.sink.waitForMessages(400)
            let digests = Set(harness.sink.state.value.labels.values.map(\.adapterDigest))
            #expect(digests == [old, new])
        }
        #expect(harness.sink.state.value.labels.count == 400)
    }

    @Test func anUpdateChangesTheRoutesOfLaterMessages() async throws {
        let harness = try ServingHarness(tasks: [TaskDefinition(name: "role"), TaskDefinition(name: "section")])
        harness.source.produce(texts: ["one"])
        try await harness.whileRunning {
            await harness.sink.waitForMessages(1)
            harness.way.update(
                settings: ServingSettings(pipeline: "test"), tasks: [],
                router: Router(routes: [Route(tasks: ["section"])]), extractor: .wholeMessage)
            harness.source.produce(texts: ["two"])
            await harness.sink.waitForMessages(2)
        }
        let later = harness.sink.state.value.labels.filter { $0.key.origin.offset == 1 }
        #expect(later.map(\.key.task) == ["section"])
    }

    @Test func waitsForAdaptersBeforeItJoins() async throws {
        let harness = try ServingHarness(haveAdapters: false)
        harness.source.produce(texts: ["one"])
        try await harness.whileRunning {
            #expect(harness.source.state.value.polls == 0)
            try harness.swap("role", seed: 1)
            await harness.sink.waitForMessages(1)
        }
        #expect(harness.committed == 1)
    }

    @Test func aDrainEndsTheWaitForAdapters() async throws {
        let harness = try ServingHarness(haveAdapters: false)
        try await harness.whileRunning {}
        #expect(harness.source.state.value.polls == 0)
        #expect(harness.source.state.value.isClosed && harness.sink.state.value.isClosed)
    }

    @Test func runsOnlyOnce() async throws {
        let harness = try ServingHarness()
        try await harness.whileRunning {}
        await #expect(throws: ServingError.hasRun) { try await harness.way.run() }
    }

    @Test func pipelinesShareTheWorkers() async throws {
        let busy = try ServingHarness(workers: 1)
        let quiet = try ServingHarness(pool: busy.pool)
        busy.source.produce(texts: ServingHarness.texts(3000))
        quiet.source.produce(texts: ServingHarness.texts(3))
        try await busy.whileRunning {
            try await quiet.whileRunning(workersRun: false) { await quiet.sink.waitForMessages(3) }
            await busy.sink.waitForMessages(3000)
        }
        #expect(quiet.committed == 3 && busy.committed == 3000)
        #expect(busy.pool.heartbeats.allSatisfy { $0.batches > 0 && $0.busyFor == nil })
    }
}
