import TestSupport
import Testing

@testable import Drift

struct DriftReferenceTests {
    private let reference: DriftReference

    init() {
        var stream = SimulatedStream(topics: 3, seed: 1)
        var sums = ReferenceCentres.Sums(labels: 3, hidden: 9)
        for label in 0..<2 {
            let vector = (0..<9).map { Float($0 * 2 + label) - 5 }
            vector.withUnsafeBufferPointer { sums.add($0, label: label) }
        }
        reference = DriftReference(
            adapterDigest: "digest", source: .heldOut, profile: stream.profile(texts: 300), centres: sums.centres,
            spread: DistanceSpread(
                (1...5).map { ReferenceCentres.Nearest(label: $0 % 2, distance: 0.1 * Float($0)) }, labels: 3))
    }

    @Test func jsonKeepsEveryBit() throws {
        #expect(try DriftReference(json: reference.json, adapterDigest: "digest", labels: 3) == reference)
    }

    @Test(arguments: [DriftReference.Source.heldOut, .stored, .live])
    func jsonKeepsTheSource(source: DriftReference.Source) throws {
        let written = DriftReference(
            adapterDigest: "digest", source: source, profile: reference.profile, centres: reference.centres,
            spread: reference.spread)
        let read = try DriftReference(json: written.json, adapterDigest: "digest", labels: 3)
        #expect(read == written && read.source == source)
        #expect((read == reference) == (source == .heldOut))
    }

    @Test func theReferenceOfAnotherAdapterIsRefused() {
        #expect(throws: DriftReferenceError.anotherAdapter) {
            try DriftReference(json: reference.json, adapterDigest: "other", labels: 3)
        }
        #expect(throws: DriftReferenceError.anotherAdapter) {
            try DriftReference(json: reference.json, adapterDigest: "digest", labels: 4)
        }
        let json = String(decoding: reference.json, as: UTF8.self)
        #expect(throws: DriftReferenceError.anotherAdapter, "a scale for a label that the adapter does not have") {
            try DriftReference(
                json: Array(json.replacing("\"scales\":[", with: "\"scales\":[1,").utf8), adapterDigest: "digest",
                labels: 3)
        }
    }

    @Test func aReferenceOfAnOlderProgramHasNoSpread() throws {
        let older = DriftReference(
            adapterDigest: "digest", source: .heldOut, profile: reference.profile, centres: reference.centres)
        #expect(!String(decoding: older.json, as: UTF8.self).contains("spread"))
        let read = try DriftReference(json: older.json, adapterDigest: "digest", labels: 3)
        #expect(read.spread == nil && read == older)
        #expect([Float](repeating: 1, count: 9).withUnsafeBufferPointer { read.relativeDistance($0) } == nil)
    }

    @Test func onlyWhatANewerProgramWroteIsNoDamage() {
        #expect(DriftReferenceError.unreadable.isDamage && DriftReferenceError.anotherAdapter.isDamage)
        #expect(DriftReferenceError.tooFewTexts(3).isDamage && !DriftReferenceError.unknownVersion(2).isDamage)
    }

    /// It may lack parts that this program requires.
    @Test(arguments: ["\"profile\":", "\"spread\":", "\"source\":"])
    func aNewerFormatIsRefused(part: String) {
        let json = String(decoding: reference.json, as: UTF8.self).replacing("\"version\":1", with: "\"version\":2")
        #expect(json.contains(part))
        for newer in [json, json.replacing(part, with: "\"renamed\":")] {
            #expect(throws: DriftReferenceError.unknownVersion(2)) {
                try DriftReference(json: Array(newer.utf8), adapterDigest: "digest", labels: 3)
            }
        }
    }

    @Test(arguments: [
        ("\"hidden\":9", "\"hidden\":8"), ("\"hidden\":9", "\"hidden\":-9"), ("\"label_count\":3", "\"label_count\":0"),
        ("\"label_count\":3", "\"label_count\":99999999999"), ("\"texts\":300", "\"texts\":-1"),
        ("\"length\":[", "\"length\":[1,"), ("\"length\":[0", "\"length\":[-1"), ("\"values\":\"", "\"values\":\"!"),
        ("\"source\":\"held_out\"", "\"source\":\"rumour\""), ("{", "["), ("\"scales\":[", "\"scales\":[-"),
        ("\"relative_distances\":[", "\"relative_distances\":[9,"), ("\"relative_distances\":[", "\"x\":["),
    ])
    func damageIsRefused(part: String, damaged: String) {
        let json = String(decoding: reference.json, as: UTF8.self)
        #expect(json.contains(part))
        #expect(throws: DriftReferenceError.unreadable) {
            try DriftReference(
                json: Array(json.replacing(part, with: damaged).utf8), adapterDigest: "digest", labels: 3)
        }
    }

    @Test func everyMutationIsReadOrRefused() {
        var random = TestRandom(seed: 4)
        let json = reference.json
        for _ in 0..<500 {
            var bytes = json
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            guard let read = try? DriftReference(json: bytes, adapterDigest: "digest", labels: 3) else { continue }
            #expect(read.profile.labels == 3 && read.centres.hidden == 9)
        }
    }

    @Test func aSignalThatNobodyMeasuredIsLeftOut() throws {
        var profile = TextProfile(labels: 3)
        profile.add(
            TextObservation(
                label: 1, confidence: 0.5, abstained: nil, tokens: 4, unknownTokens: 0, distance: nil,
                expectedAccuracy: 0.5))
        let json = DriftReference(
            adapterDigest: "digest", source: .live, profile: profile, centres: reference.centres
        ).json
        #expect(!String(decoding: json, as: UTF8.self).contains("abstentions"))
        let read = try DriftReference(json: json, adapterDigest: "digest", labels: 3)
        #expect(!read.profile.knows(.abstentions) && read.profile.knows(.distance))
    }
}
