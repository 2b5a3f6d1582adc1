import Testing

@testable import Drift

struct TextProfileTests {
    @Test func mergedWindowsEqualOneWindow() {
        var stream = SimulatedStream(topics: 5, seed: 1)
        let texts = (0..<1_000).map { _ in stream.next() }
        var (whole, first, second) = (TextProfile(labels: 5), TextProfile(labels: 5), TextProfile(labels: 5))
        for text in texts { whole.add(text) }
        for text in texts[..<400] { first.add(text) }
        for text in texts[400...] { second.add(text) }
        first.merge(second)
        for signal in DriftSignal.allCases { #expect(first.counts(signal) == whole.counts(signal)) }
        #expect(first.texts == 1_000)
    }

    @Test func everyTextHasOneBinPerSignal() {
        var stream = SimulatedStream(topics: 5, seed: 2)
        let profile = stream.profile(texts: 777)
        for signal in DriftSignal.allCases { #expect(profile.counts(signal).reduce(0, +) == 777, "\(signal)") }
    }

    @Test(arguments: [
        (-1.0, 0), (0, 0), (0.0499, 0), (0.05, 1), (0.999, 19), (1, 19), (2, 19), (.nan, 0), (.infinity, 0),
    ])
    func confidenceHasTwentyBins(score: Double, bin: Int) { #expect(Bins.confidence(score) == bin) }

    @Test(arguments: [(0, 10, 0), (1, 100, 1), (1, 50, 2), (1, 10, 4), (6, 10, 7), (0, 0, 0)])
    func sharesHaveGrowingBins(part: Int, whole: Int, bin: Int) { #expect(Bins.share(part, of: whole) == bin) }

    @Test(arguments: [(0, 0), (1, 0), (2, 2), (3, 3), (4, 4), (512, 18), (1 << 40, 23)])
    func lengthsHaveTwoBinsPerOctave(tokens: Int, bin: Int) { #expect(Bins.length(tokens) == bin) }

    @Test(
        arguments: [
            (0, 0), (1e-9, 0), (0.000_25, 1), (0.5, 23), (1, 25), (1.9, 26), (2, 27), (9, 27), (.nan, 28), (nil, 28),
        ] as [(Float?, Int)])
    func distancesHaveTwoBinsPerOctave(distance: Float?, bin: Int) { #expect(Bins.distance(distance) == bin) }

    @Test func aLabelBeyondTheAdapterIsNotCounted() {
        var profile = TextProfile(labels: 2)
        profile.add(
            TextObservation(
                label: 7, confidence: 0.5, abstained: nil, tokens: 4, unknownTokens: 0, distance: 0.1,
                expectedAccuracy: .nan))
        #expect(profile.counts(.labels) == [0, 0])
        #expect(profile.estimatedAccuracy == 0)
    }
}

struct LabelCentresTests {
    /// 11 is no multiple of the width of a vector register.
    private let vectors: [[Float]] = [
        (0..<11).map { Float($0) - 3 }, (0..<11).map { Float($0 * $0) - 20 }, (0..<11).map { 5 - Float($0 % 4) },
    ]

    @Test func theDistanceIsOneMinusTheCosine() {
        var sums = ReferenceCentres.Sums(labels: 3, hidden: 11)
        vectors[0].withUnsafeBufferPointer { sums.add($0, label: 0) }
        vectors[1].withUnsafeBufferPointer { sums.add($0, label: 1) }
        let centres = sums.centres
        func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        for vector in vectors {
            for label in 0..<2 {
                let cosine =
                    dot(vector, vectors[label])
                    / (dot(vector, vector) * dot(vectors[label], vectors[label])).squareRoot()
                let distance = vector.withUnsafeBufferPointer { centres.distance($0, label: label) }
                #expect(abs(Double(distance ?? -1) - (1 - cosine)) < 1e-5)
            }
            #expect(vector.withUnsafeBufferPointer { centres.distance($0, label: 2) } == nil, "no text had label 2")
        }
    }

    @Test func whatHasNoDirectionHasNoDistance() {
        var sums = ReferenceCentres.Sums(labels: 1, hidden: 11)
        vectors[0].withUnsafeBufferPointer { sums.add($0, label: 0) }
        let centres = sums.centres
        for bad in [[Float](repeating: 0, count: 11), [Float](repeating: .nan, count: 11), [1, 2, 3], []] {
            #expect(bad.withUnsafeBufferPointer { centres.distance($0, label: 0) } == nil)
        }
        #expect(vectors[0].withUnsafeBufferPointer { centres.distance($0, label: -1) } == nil)
    }
}
