import AdapterRegistry
import BERT
import Foundation
import Kernels
import TestSupport
import Testing

@testable import Serving

/// The windows of one text over batches and workers: its row comes once, and as if all had been in one batch.
@Suite(.timeLimit(.minutes(2)))
struct LongTextTests {
    private static let longTexts = LongTexts(window: 16, stride: 12)

    private static func task(_ pool: LongTexts.Pool, _ name: String = "role") -> TaskDefinition {
        var longTexts = longTexts
        longTexts.pool = pool
        return TaskDefinition(name: name, longTexts: longTexts)
    }

    /// A text of so many words with one token each.
    private static func text(_ words: Int, seed: UInt64) -> String {
        var random = TestRandom(seed: seed)
        return (0..<words).map { _ in ["a", "b", "c", "x", "7"][Int.random(in: 0..<5, using: &random)] }
            .joined(separator: " ")
    }

    private static func texts(_ count: Int) -> [String] {
        (0..<count).map { text($0 % 4 == 0 ? 200 : 5, seed: UInt64($0)) }
    }

    @Test(arguments: LongTexts.Pool.allCases)
    func aTextHasOneRowWithThePooledAnswer(pool: LongTexts.Pool) async throws {
        let task = Self.task(pool)
        let harness = try ServingHarness(tasks: [task], workers: 3) { $0.batchTokens = 32 }
        let texts = Self.texts(40)
        harness.source.produce(texts: texts)
        try await harness.whileRunning { await harness.sink.waitForMessages(40) }
        let state = harness.sink.state.value
        #expect(state.rejected.isEmpty && state.transactions.map(\.count).reduce(0, +) == 40)
        #expect(harness.committed == 40)
        let adapter = try #require(harness.live.snapshot.adapters["role"]?.adapter)
        let pass = InferencePass(base: harness.model.base)
        let encoder = TextEncoder(tokenizer: harness.model.tokenizer, maxTokens: 32, longTexts: task.longTexts)
        for (key, label) in state.labels {
            let text = texts[Int(key.origin.offset)]
            let encoded = encoder.encode(text)
            let logits = encoded.windows.map {
                pass.logits(PackedBatch([$0.tokens]), adapters: [adapter], assignments: [[0]])[0][0]
            }
            let pooled = PooledLogits(
                logits, tokens: encoded.windows.map(\.tokens.count), pool: pool, isMultiLabel: false)
            let answer = adapter.answer(pooled.logits)
            #expect(label.label == adapter.labels[answer.best])
            #expect(abs(label.score - answer.score) < 1e-4)
            guard text.utf8.count > 100 else {
                #expect(label.longText == nil)
                continue
            }
            let reading = try #require(label.longText)
            #expect(reading.windows == encoded.windows.count && reading.tokens == 200)
            #expect(reading.windows == (pool == .first ? 1 : 17))
            #expect(encoded.windows.contains { $0.characters == reading.evidence })
        }
    }

    @Test func tasksThatReadATextAlikeShareItsSequences() throws {
        let model = try TinyModel.shared.get()
        let reader = TextReader(tokenizer: model.tokenizer, maxTokens: 32, positions: 64)
        let tasks = [TaskDefinition(name: "cut"), Self.task(.max), Self.task(.max, "other"), Self.task(.mean, "mean")]
        let short = reader.windows(of: "a b c", tasks: tasks)
        #expect(short.windows.map(\.tasks) == [[0, 1, 2, 3]] && short.longTextTokens.allSatisfy { $0 == nil })
        let long = reader.windows(of: Self.text(40, seed: 1), tasks: tasks)
        #expect(long.longTextTokens == [nil, 40, 40, 40])
        #expect(long.windows[0].tasks == [0] && long.windows[0].tokens.count == 32)
        #expect(long.windows.dropFirst().map(\.tasks) == Array(repeating: [1, 2, 3], count: 4))
    }

    @Test func cutAndWindowsOfOneTextGiveBothRows() async throws {
        let tasks = [TaskDefinition(name: "cut"), Self.task(.mean)]
        let harness = try ServingHarness(tasks: tasks) { $0.batchTokens = 16 }
        harness.source.produce(texts: Self.texts(20))
        try await harness.whileRunning { await harness.sink.waitForMessages(20) }
        let labels = harness.sink.state.value.labels
        #expect(labels.count == 40)
        for (key, label) in labels {
            #expect((label.longText != nil) == (key.task == "role" && key.origin.offset % 4 == 0))
        }
    }

    // MARK: - The ledger of windows

    private static let partition = SourcePartition(topic: "texts", partition: 0)

    private static func prepared(
        _ tokens: [[Int32]], offset: Int64 = 0, tasks: [TaskDefinition] = [task(.mean)]
    ) throws -> PreparedText {
        var tracker = DeliveryTracker()
        tracker.assign([partition])
        let origin = Origin(topic: "texts", partition: 0, offset: offset)
        let received = tracker.receive(origin, bytes: 1)
        let ticket = try #require(received)
        return PreparedText(
            ticket: ticket, message: SourceMessage(origin: origin, payload: []), tokens: tokens, tasks: tasks)
    }

    @Test func theLastWindowFinishesTheTextOnce() throws {
        for seed in UInt64(0)..<50 {
            var random = TestRandom(seed: seed)
            let text = try Self.prepared(Array(repeating: [1, 2], count: 9))
            var finished = 0
            for window in (0..<9).shuffled(using: &random) {
                let done = text.add(WindowResult(readings: []), of: window)
                // Another result of the same window counts for nothing.
                #expect(text.add(WindowResult(readings: []), of: window) == nil)
                if let done {
                    finished += 1
                    #expect(done.count == 9)
                }
            }
            #expect(finished == 1 && !text.fail())
        }
    }

    @Test func manyWorkersFinishATextOnce() async throws {
        for _ in 0..<200 {
            let text = try Self.prepared(Array(repeating: [1], count: 16))
            let finished = await withTaskGroup(of: Int.self) { group in
                for window in 0..<16 {
                    group.addTask { text.add(WindowResult(readings: []), of: window) == nil ? 0 : 1 }
                }
                return await group.reduce(0, +)
            }
            #expect(finished == 1)
        }
    }

    @Test func allWindowsSeeTheAdaptersOfTheFirst() throws {
        let model = try TinyModel.shared.get()
        let live = LiveAdapters()
        func swap(_ seed: UInt64) throws -> String {
            let adapter = try model.adapter(labels: ["a", "b"], seed: seed)
            let version = AdapterVersion(
                task: "role", version: Int(seed), digest: adapter.digest, baseDigest: adapter.baseDigest, state: .live,
                createdAt: Date(timeIntervalSince1970: 0))
            live.swap(task: "role", to: LiveAdapter(adapter: adapter, version: version))
            return adapter.digest
        }
        let first = try swap(1)
        let long = try Self.prepared([[2, 5, 3], [2, 6, 3]])
        let classifier = Classifier(configuration: model.base.configuration)
        #expect(classifier.outcomes(of: [long.waiting[1]], snapshot: live.snapshot).isEmpty)
        let second = try swap(2)
        let short = try Self.prepared([[2, 7, 3]], offset: 1)
        let finished = classifier.outcomes(of: [long.waiting[0], short.waiting[0]], snapshot: live.snapshot)
        #expect(finished.flatMap(SwapRun.digests).map(\.digest) == [first, second])
        #expect(first != second)
    }

    @Test func aWindowThatFailsRejectsTheTextOnce() throws {
        let model = try TinyModel.shared.get()
        let harness = try ServingHarness()
        let text = try Self.prepared([[2, 5, 3], [2, 999_999, 3], [2, 999_999, 3], [2, 6, 3]])
        let classifier = Classifier(configuration: model.base.configuration)
        let snapshot = harness.live.snapshot
        #expect(classifier.outcomes(of: [text.waiting[0]], snapshot: snapshot).isEmpty)
        let finished = classifier.outcomes(of: Array(text.waiting[1...2]), snapshot: snapshot)
        guard case .rejected(let rejection)? = finished.first?.outcome else {
            Issue.record("the text is not rejected")
            return
        }
        #expect(finished.count == 1 && rejection.cause == "unknown-token")
        #expect(classifier.outcomes(of: [text.waiting[3]], snapshot: snapshot).isEmpty)
    }

    // MARK: - Other texts beside it

    /// 64 windows of 256 tokens before 20 short texts: these wait for twice their own batches at most.
    @Test func aLongTextHoldsOthersUpByItsShare() throws {
        var batcher = Batcher(budget: 512, delay: .zero)
        let long = try Self.prepared(Array(repeating: Array(repeating: 1, count: 256), count: 64))
        let others = try (0..<20).map { try Self.prepared([Array(repeating: 1, count: 64)], offset: Int64($0 + 1)) }
        batcher.add([long])
        batcher.add(others)
        #expect(batcher.tokens == 64 * 256 + 20 * 64 && batcher.count == 84)
        var batches = 0
        var waiting = 20
        while waiting > 0, let batch = batcher.take(now: .zero) {
            batches += 1
            waiting -= batch.count { !$0.text.isLong }
            #expect(batch.contains { $0.text.isLong }, "it gets its share")
            #expect(batch.reduce(0) { $0 + $1.tokens.count } <= 512)
        }
        #expect(batches == 5, "3 without the long text")
        while batcher.take(now: .zero) != nil {}
        #expect(batcher.tokens == 0 && batcher.count == 0)
    }

    /// A window larger than half of a batch saves up for its turn.
    @Test func windowsLargerThanTheirShareTakeTurns() throws {
        var batcher = Batcher(budget: 256, delay: .zero)
        batcher.add([try Self.prepared(Array(repeating: Array(repeating: 1, count: 256), count: 4))])
        batcher.add(try (0..<12).map { try Self.prepared([Array(repeating: 1, count: 128)], offset: Int64($0 + 1)) })
        var turns: [Bool] = []
        while let batch = batcher.take(now: .zero) { turns.append(batch[0].text.isLong) }
        #expect(turns == [false, true, false, true, false, true, false, true, false, false])
    }

    /// Texts of more than half a batch fit beside few windows, or none: neither waits for all of the other.
    @Test(arguments: [128: [[true, true], [false, true]], 256: [[true], [false]]])
    func largeTextsTakeTurnsWithWindows(window: Int, expected: [[Bool]]) throws {
        var batcher = Batcher(budget: 512, delay: .zero)
        batcher.add([try Self.prepared(Array(repeating: Array(repeating: 1, count: window), count: 64))])
        batcher.add(try (0..<4).map { try Self.prepared([Array(repeating: 1, count: 300)], offset: Int64($0 + 1)) })
        var turns: [[Bool]] = []
        for _ in 0..<8 {
            let taken = batcher.take(now: .zero)
            let batch = try #require(taken)
            turns.append(batch.map(\.text.isLong))
        }
        #expect(turns == Array(repeating: expected, count: 4).flatMap(\.self))
    }

    @Test func aTextOfARevokedPartitionIsGivenBackOnce() throws {
        var batcher = Batcher(budget: 4, delay: .zero)
        let long = try Self.prepared(Array(repeating: [1, 2], count: 5))
        batcher.add([long])
        #expect(batcher.take(now: .zero)?.count == 2)
        #expect(batcher.remove(partitions: [Self.partition]).map(ObjectIdentifier.init) == [ObjectIdentifier(long)])
        #expect(batcher.tokens == 0 && batcher.count == 0)
    }

    @Test func waitingTokensPauseTheSource() {
        var settings = ServingSettings(pipeline: "test")
        settings.maximumWaitingTokens = 1000
        var flow = FlowControl()
        func change(_ tokens: Int) -> FlowControl.Change? {
            flow.change(load: (1, 1), waitingTokens: tokens, settings: settings, isBlocked: false)
        }
        #expect(change(999) == nil)
        #expect(change(1000) == .pause)
        #expect(change(501) == nil)
        #expect(change(500) == .resume)
    }

    /// The payload is refused before anyone looks for words in it.
    @Test func aTextOfFiftyMegabytesIsRejected() async throws {
        let harness = try ServingHarness(tasks: [Self.task(.max)])
        harness.source.produce([[UInt8](repeating: UInt8(ascii: "a"), count: 50_000_000), Array("a b".utf8)])
        try await harness.whileRunning { await harness.sink.waitForMessages(2) }
        let state = harness.sink.state.value
        #expect(state.rejected.values.map(\.cause) == ["too-large"] && state.labels.count == 1)
        #expect(
            state.rejected.values.map(\.reason)
                == ["the payload has 50000000 bytes, more than the 1048576 allowed"])
    }
}
