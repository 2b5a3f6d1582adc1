import Testing

@testable import Drift

/// Simulations with a known truth. The seeds stand in each failure.
struct DriftDetectorTests {
    /// The number of texts until the first alarm; nil: none within the limit.
    private func textsUntilAlarm(_ detector: inout DriftDetector, _ stream: inout SimulatedStream, limit: Int) -> Int? {
        for text in 1...limit {
            detector.add(stream.next())
            if !detector.status.alarms.isEmpty { return text }
        }
        return nil
    }

    @Test(arguments: [(topics: 4, reference: 2_000), (4, 300), (20, 2_000), (77, 1_000)])
    func sameTextsDoNotAlarm(topics: Int, reference: Int) {
        for seed in UInt64(1)...20 {
            var stream = SimulatedStream(topics: topics, seed: seed)
            var detector = DriftDetector(reference: stream.profile(texts: reference))
            let alarm = textsUntilAlarm(&detector, &stream, limit: 20_000)
            #expect(alarm == nil, "seed \(seed): \(detector.status.alarms)")
        }
    }

    @Test(arguments: 0..<4) func aShiftToOneTopicAlarmsWithin500Texts(topic: Int) {
        for seed in UInt64(1)...20 {
            var stream = SimulatedStream(topics: 4, seed: seed)
            var detector = DriftDetector(reference: stream.profile(texts: 2_000))
            // Not at the border of a block.
            #expect(textsUntilAlarm(&detector, &stream, limit: 1_000 + Int(seed) * 37) == nil, "seed \(seed)")
            stream.only = topic
            let texts = textsUntilAlarm(&detector, &stream, limit: 500)
            #expect(texts != nil, "seed \(seed)")
            #expect(detector.status.alarms.contains(.labels), "seed \(seed): \(detector.status.alarms)")
        }
    }

    @Test func theAlarmEndsWhenTheOldTextsAreBack() {
        var stream = SimulatedStream(topics: 4, seed: 3)
        var detector = DriftDetector(reference: stream.profile(texts: 2_000))
        stream.only = 1
        #expect(textsUntilAlarm(&detector, &stream, limit: 600) != nil)
        stream.only = nil
        for _ in 0..<600 { detector.add(stream.next()) }
        #expect(!detector.status.alarms.isEmpty, "too early: not five windows without an alarm yet")
        for _ in 0..<600 { detector.add(stream.next()) }
        #expect(detector.status.alarms.isEmpty)
    }

    @Test func aFirstWindowThatIsNotFullIsNotJudged() {
        var stream = SimulatedStream(topics: 4, seed: 5)
        var detector = DriftDetector(reference: stream.profile(texts: 2_000))
        stream.only = 0
        for _ in 0..<499 { detector.add(stream.next()) }
        #expect(detector.status.alarms.isEmpty && detector.status.estimatedAccuracy == nil)
        detector.add(stream.next())
        #expect(detector.status.alarms.contains(.labels))
        #expect(detector.status.texts == 500)
    }

    @Test func aSignalWithoutReferenceIsComparedWithTheFirstLiveTexts() {
        var stream = SimulatedStream(topics: 4, seed: 7)
        var reference = TextProfile(labels: 4)
        for _ in 0..<2_000 {
            var text = stream.next()
            text.abstained = nil
            reference.add(text)
        }
        var detector = DriftDetector(reference: reference)
        for _ in 0..<DriftDetector.warmUpTexts + 500 { detector.add(stream.next()) }
        #expect(detector.status.stabilityIndices[.abstentions] != nil)
        #expect(detector.status.alarms.isEmpty)
        for _ in 0..<500 {
            var text = stream.next()
            text.abstained = true
            detector.add(text)
        }
        #expect(detector.status.alarms == [.abstentions])
    }

    @Test func theEstimatedAccuracyIsTheMeanOfTheScores() {
        var detector = DriftDetector(reference: TextProfile(labels: 2))
        for index in 0..<500 {
            detector.add(
                TextObservation(
                    label: 0, confidence: 0.9, abstained: nil, tokens: 5, unknownTokens: 0, distance: nil,
                    expectedAccuracy: index % 2 == 0 ? 0.9 : 0.7))
        }
        #expect(abs((detector.status.estimatedAccuracy ?? 0) - 0.8) < 1e-9)
    }
}
