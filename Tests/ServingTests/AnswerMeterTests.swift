import Testing

@testable import Serving

@Suite struct AnswerMeterTests {
    private static func label(_ label: String?, score: Double, labels: [String]? = nil) -> TaskLabel {
        TaskLabel(
            task: "t", label: label, labels: labels, score: score, scores: [], abstained: label == nil && labels == nil,
            adapterDigest: "d")
    }

    @Test func labelsAbstentionsAndScoresAreCounted() {
        var meter = AnswerMeter()
        meter.add(Self.label("b", score: 0.5))
        meter.add(Self.label("a", score: 0.9))
        meter.add(Self.label("b", score: 0.7))
        meter.add(Self.label(nil, score: 0.3))
        let answers = meter.answers(task: "t")
        #expect(answers.texts == 4 && answers.abstentions == 1)
        #expect(answers.labels == [.init(label: "b", texts: 2), .init(label: "a", texts: 1)])
        #expect(abs(answers.meanScore - 0.6) < 1e-12)
    }

    @Test func aSetOfLabelsCountsForEach() {
        var meter = AnswerMeter()
        meter.add(Self.label(nil, score: 0.5, labels: ["x", "y"]))
        meter.add(Self.label(nil, score: 0.5, labels: []))
        let answers = meter.answers(task: "t")
        #expect(answers.abstentions == 0 && answers.labels.map(\.texts) == [1, 1])
    }

    @Test func onlyTheNewestTextsCount() {
        var meter = AnswerMeter()
        for index in 0..<5_000 { meter.add(Self.label("label \(index)", score: 1)) }
        for _ in 0..<AnswerMeter.window - 1 { meter.add(Self.label("new", score: 0)) }
        let answers = meter.answers(task: "t")
        #expect(answers.texts == AnswerMeter.window)
        #expect(answers.labels == [.init(label: "new", texts: 999), .init(label: "label 4999", texts: 1)])
        #expect(abs(answers.meanScore - 0.001) < 1e-12)
    }
}
