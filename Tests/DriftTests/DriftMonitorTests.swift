import BERT
import TestSupport
import Testing

@testable import Drift

struct DriftMonitorTests {
    /// Vectors near the axis of their label.
    private func vector(label: Int, _ random: inout TestRandom) -> [Float] {
        (0..<10).map { index in (index == label ? 1 : 0) + Float.random(in: -0.05...0.05, using: &random) }
    }

    /// Labels a text as a worker does.
    private func label(_ monitor: DriftMonitor, _ stream: inout SimulatedStream, _ random: inout TestRandom) {
        var text = stream.next()
        let distances = vector(label: text.label, &random).withUnsafeBufferPointer {
            monitor.distances($0, label: text.label)
        }
        (text.distance, text.nearest) = (distances.predicted, distances.nearest)
        monitor.record([text])
    }

    @Test func theFirstLiveTextsBecomeTheReference() throws {
        var (stream, random) = (SimulatedStream(topics: 4, seed: 1), TestRandom(seed: 1))
        let monitor = DriftMonitor(adapterDigest: "d", labels: 4)
        for _ in 0..<DriftMonitor.centreTexts + DriftMonitor.profileTexts { label(monitor, &stream, &random) }
        let reference = try #require(monitor.unstoredReference)
        #expect(reference.source == .live && reference.adapterDigest == "d")
        #expect(reference.profile.texts == DriftMonitor.profileTexts)
        #expect(reference.profile.counts(.distance).last == 0, "each label has a centre")
        #expect(reference.spread?.texts == DriftMonitor.profileTexts && monitor.spread == reference.spread)
        monitor.stored()
        #expect(monitor.unstoredReference == nil)
        for _ in 0..<600 { label(monitor, &stream, &random) }
        #expect(monitor.status.alarms.isEmpty)
        #expect(monitor.status.stabilityIndices.keys.count == DriftSignal.allCases.count)
        stream.only = 2
        for _ in 0..<500 { label(monitor, &stream, &random) }
        #expect(monitor.status.alarms.contains(.labels))
    }

    @Test func aStoredReferenceIsUsedAtOnce() throws {
        var (stream, random) = (SimulatedStream(topics: 4, seed: 2), TestRandom(seed: 2))
        var sums = ReferenceCentres.Sums(labels: 4, hidden: 10)
        for label in 0..<4 { vector(label: label, &random).withUnsafeBufferPointer { sums.add($0, label: label) } }
        let reference = DriftReference(
            adapterDigest: "d", source: .heldOut, profile: stream.profile(texts: 1_000), centres: sums.centres)
        let read = try DriftReference(json: reference.json, adapterDigest: "d", labels: 4)
        #expect(read == reference)
        let monitor = DriftMonitor(adapterDigest: "d", labels: 4, reference: read)
        // Vectors on the axes are much nearer to their centres than the reference says.
        for _ in 0..<500 { label(monitor, &stream, &random) }
        #expect(monitor.status.alarms == [.distance])
        #expect(monitor.unstoredReference == nil)
    }

    @Test func distancesAreRelativeOnceTheReferenceSaysWhatIsUsual() throws {
        var (stream, random) = (SimulatedStream(topics: 4, seed: 4), TestRandom(seed: 4))
        let monitor = DriftMonitor(adapterDigest: "d", labels: 4)
        for _ in 0..<DriftMonitor.centreTexts { label(monitor, &stream, &random) }
        let usual = vector(label: 1, &random)
        let early = usual.withUnsafeBufferPointer { monitor.distances($0, label: 1) }
        #expect(early.nearest?.label == 1 && early.relative == nil && monitor.spread == nil)
        for _ in 0..<DriftMonitor.profileTexts { label(monitor, &stream, &random) }
        let near = usual.withUnsafeBufferPointer { monitor.distances($0, label: 1) }
        #expect((0.1...4).contains(near.relative ?? 0), "seed 4: \(near)")
        // Between all axes, and predicted to be far from the nearest.
        let unlike = [Float](repeating: 1, count: 10)
        let far = unlike.withUnsafeBufferPointer { monitor.distances($0, label: 2) }
        #expect((far.relative ?? 0) > 10, "seed 4: \(far)")
    }

    @Test func aReferenceOfTooFewTextsIsNotUsed() {
        var stream = SimulatedStream(topics: 4, seed: 3)
        let reference = DriftReference(
            adapterDigest: "d", source: .heldOut, profile: stream.profile(texts: DriftReference.minimumTexts - 1),
            centres: ReferenceCentres.Sums(labels: 4, hidden: 10).centres)
        let monitor = DriftMonitor(adapterDigest: "d", labels: 4, reference: reference)
        monitor.record((0..<600).map { _ in stream.next() })
        #expect(monitor.status.stabilityIndices.isEmpty)
        #expect(monitor.status.texts == 600)
    }

    @Test func severalThreadsLoseNoText() async {
        let monitor = DriftMonitor(adapterDigest: "d", labels: 4)
        await withTaskGroup(of: Void.self) { group in
            for seed in 0..<4 {
                group.addTask {
                    var (stream, random) = (
                        SimulatedStream(topics: 4, seed: UInt64(seed)), TestRandom(seed: UInt64(seed))
                    )
                    for _ in 0..<200 { label(monitor, &stream, &random) }
                }
            }
        }
        #expect(monitor.status.texts == 800)
    }
}
