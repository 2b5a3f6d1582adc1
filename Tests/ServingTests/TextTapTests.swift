import TestSupport
import Testing

@testable import Serving

@Suite(.timeLimit(.minutes(2))) struct TextTapTests {
    private let clock = ManualClock()

    private static func text(_ offset: Int64, label: String = "a", text: String? = nil, bytes: Int = 0) throws
        -> FinishedText
    {
        var tracker = DeliveryTracker()
        let origin = Origin(topic: "texts", partition: 0, offset: offset)
        tracker.assign([origin.sourcePartition])
        let received = tracker.receive(origin, bytes: 1)
        let labels = ["t", "u"].map { task in
            TaskLabel(task: task, label: label, score: 0.5, scores: [], abstained: false, adapterDigest: "d")
        }
        let message = SourceMessage(origin: origin, payload: nil, producedAt: offset)
        let body = text ?? "text \(offset)" + String(repeating: "x", count: bytes)
        return FinishedText(
            ticket: try #require(received),
            outcome: .labelled(LabelledMessage(message: message, text: nil, labels: labels)), receivedAt: .zero,
            tappedText: body)
    }

    private static func texts(_ offsets: Range<Int64>) throws -> [FinishedText] { try offsets.map { try text($0) } }

    @Test func aReaderGetsTextsInOrderUpToItsLimit() async throws {
        let tap = TextTap(clock: clock.clock)
        #expect(!tap.isOpen)
        tap.offer(try Self.texts(0..<3))
        let reader = tap.open(TextTap.Filter(rate: 100))
        #expect(tap.isOpen)
        tap.offer(try Self.texts(3..<10))
        let first = await reader.next(limit: 4, patience: .zero)
        #expect(first.texts.map(\.origin.offset) == [3, 4, 5, 6] && first.dropped == 0)
        #expect(first.texts.first?.text == "text 3" && first.texts.first?.labels.map(\.task) == ["t", "u"])
        let second = await reader.next(limit: 100, patience: .zero)
        #expect(second.texts.map(\.origin.offset) == [7, 8, 9])
        tap.close(reader)
        #expect(!tap.isOpen)
    }

    @Test func aFilterChoosesTaskAndLabel() async throws {
        let tap = TextTap(clock: clock.clock)
        let task = tap.open(TextTap.Filter(task: "u", rate: 100))
        let label = tap.open(TextTap.Filter(label: "b", rate: 100))
        let neither = tap.open(TextTap.Filter(task: "v", rate: 100))
        tap.offer([try Self.text(0), try Self.text(1, label: "b")])
        let ofTask = await task.next(limit: 10, patience: .zero).texts
        #expect(ofTask.map { $0.labels.map(\.task) } == [["u"], ["u"]])
        #expect(await label.next(limit: 10, patience: .zero).texts.map(\.origin.offset) == [1])
        let nothing = await neither.next(limit: 10, patience: .zero)
        #expect(nothing.texts.isEmpty && nothing.dropped == 0)
    }

    @Test func whatIsFasterThanTheRateIsDroppedAndCounted() async throws {
        let tap = TextTap(clock: clock.clock)
        let reader = tap.open(TextTap.Filter(rate: 5))
        tap.offer(try Self.texts(0..<20))
        let first = await reader.next(limit: 100, patience: .zero)
        #expect(first.texts.map(\.origin.offset) == [0, 1, 2, 3, 4] && first.dropped == 15)
        clock.advance(by: .milliseconds(400))
        tap.offer(try Self.texts(20..<30))
        let second = await reader.next(limit: 100, patience: .zero)
        #expect(second.texts.map(\.origin.offset) == [20, 21] && second.dropped == 8)
    }

    @Test func aReaderThatDoesNotReadCostsABoundedBuffer() async throws {
        let tap = TextTap(clock: clock.clock)
        let reader = tap.open(TextTap.Filter(rate: 100_000))
        tap.offer(try Self.texts(0..<5_000))
        let kept = await reader.next(limit: 10_000, patience: .zero)
        #expect(kept.texts.count == TextTap.Reader.maximumTexts)
        #expect(kept.dropped == 5_000 - TextTap.Reader.maximumTexts)
        let large = TextTap.Reader.maximumBytes / 2 - 100
        tap.offer(try (0..<5).map { try Self.text($0, bytes: large) })
        let delivery = await reader.next(limit: 10, patience: .zero)
        #expect(delivery.texts.count == 2 && delivery.dropped == 3)
    }

    @Test func aReaderWaitsForTheNextText() async throws {
        let tap = TextTap(clock: clock.clock)
        let reader = tap.open(TextTap.Filter(rate: 5))
        async let delivery = reader.next(limit: 1, patience: .seconds(1))
        await clock.waitForSleepers()
        tap.offer([try Self.text(7)])
        #expect(await delivery.texts.map(\.origin.offset) == [7])
        async let nothing = reader.next(limit: 1, patience: .seconds(1))
        await clock.waitForSleepers()
        clock.advance(by: .seconds(1))
        #expect(await nothing.texts.isEmpty)
    }

    /// Whether the pipeline stores texts or not.
    @Test(arguments: [true, false]) func aTapShowsWhatAPipelineStores(storesTexts: Bool) async throws {
        let harness = try ServingHarness { $0.storeText = storesTexts }
        let reader = harness.way.tap.open(TextTap.Filter(rate: 1_000))
        harness.source.produce(texts: ServingHarness.texts(50))
        try await harness.whileRunning {
            await harness.sink.waitForMessages(50)
            var texts: [TextTap.Text] = []
            while texts.count < 50 { texts += await reader.next(limit: 100, patience: .seconds(60)).texts }
            let byOffset = texts.sorted { $0.origin.offset < $1.origin.offset }
            #expect(byOffset.map(\.text) == ServingHarness.texts(50))
            for text in texts {
                let row = harness.sink.state.value.labels.first { $0.key.origin == text.origin }
                #expect(row?.value.label == text.labels.first?.label && text.labels.count == 1)
            }
        }
        let status = harness.way.status
        #expect(status.latencySinceReceived != nil && status.tasks.first?.texts == 50)
        #expect(
            harness.sink.state.value.transactions.joined().allSatisfy { outcome in
                guard case .labelled(let labelled) = outcome else { return false }
                return (labelled.text != nil) == storesTexts
            })
    }
}
