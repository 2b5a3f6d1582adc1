import AdapterRegistry
import BERT
import Drift
import Foundation
import TestSupport
import Testing

@testable import Daemon

struct DriftWatchTests {
    /// Keeps references, unless it is away.
    private actor References: DriftReferenceStore {
        private struct Away: Error {}

        private(set) var stored: [DriftReference] = []
        private(set) var replaced: [String?] = []
        private var isAway = false

        func goAway(_ isAway: Bool) { self.isAway = isAway }

        func driftReference(digest: String) async throws -> [UInt8]? { nil }

        func store(_ reference: DriftReference, replacing damaged: String?) async throws {
            if isAway { throw Away() }
            stored.append(reference)
            replaced.append(damaged)
        }
    }

    private func text(label: Int) -> TextObservation {
        TextObservation(
            label: label, confidence: 0.8, abstained: false, tokens: 9, unknownTokens: 0, distance: nil,
            expectedAccuracy: 0.8)
    }

    private func live(reference: Bool) throws -> LiveAdapters {
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"])
        var profile = TextProfile(labels: 2)
        for index in 0..<1_000 { profile.add(text(label: index % 2)) }
        let known = DriftReference(
            adapterDigest: adapter.digest, source: .heldOut, profile: profile,
            centres: ReferenceCentres.Sums(labels: 2, hidden: 8).centres)
        let version = AdapterVersion(
            task: "role", version: 1, digest: adapter.digest, baseDigest: adapter.baseDigest, state: .live,
            createdAt: Date(timeIntervalSince1970: 0))
        let adapters = LiveAdapters()
        adapters.swap(
            task: "role",
            to: LiveAdapter(
                adapter: adapter, version: version, reference: reference ? known : nil,
                damagedReference: reference ? nil : "damaged"))
        return adapters
    }

    @Test func anAlarmIsLoggedOnceAndSoIsItsEnd() async throws {
        let (log, adapters) = (CapturedLog(), try live(reference: true))
        let watch = DriftWatch(store: References(), logger: log.logger)
        let monitor = try #require(adapters.snapshot.adapters["role"]).drift
        await watch.look(at: adapters.snapshot)
        #expect(log.lines.value.isEmpty)
        monitor.record((0..<500).map { _ in text(label: 1) })
        await watch.look(at: adapters.snapshot)
        await watch.look(at: adapters.snapshot)
        let alarms = log.lines("texts drift from those at the promotion of the adapter", ["task": "role"])
        #expect(alarms.count == 1 && alarms[0].level == .warning)
        #expect(alarms[0].metadata["signals"]?.hasPrefix("labels ") == true)
        monitor.record((0..<1_500).map { text(label: $0 % 2) })
        await watch.look(at: adapters.snapshot)
        await watch.look(at: adapters.snapshot)
        #expect(log.lines("texts no longer drift", ["task": "role"]).count == 1)
        #expect(log.lines.value.count == 2)
    }

    @Test func aReferenceOfLiveTextsIsStoredOnceTheDatabaseIsBack() async throws {
        let (references, adapters) = (References(), try live(reference: false))
        let watch = DriftWatch(store: references, logger: CapturedLog().logger)
        let monitor = try #require(adapters.snapshot.adapters["role"]).drift
        for index in 0..<DriftMonitor.centreTexts {
            [Float(1), Float(index % 2)].withUnsafeBufferPointer { _ = monitor.distances($0, label: index % 2) }
        }
        monitor.record(
            (0..<DriftMonitor.profileTexts).map { index in
                var text = text(label: index % 2)
                text.distance = 0.1
                return text
            })
        await references.goAway(true)
        await watch.look(at: adapters.snapshot)
        #expect(await references.stored.isEmpty)
        await references.goAway(false)
        await watch.look(at: adapters.snapshot)
        await watch.look(at: adapters.snapshot)
        #expect(await references.stored.map(\.profile.texts) == [DriftMonitor.profileTexts])
        #expect(await references.replaced == ["damaged"])
    }
}
