import Foundation
import TestSupport
import Testing

/// Random histories of a consumer group member against a model that knows everything: 100,000 of them. A seed that
/// fails prints its transcript;
/// `LORIKEET_REPLAY=N make test FILTER=DeliveryTrackerModelTests` prints that of any seed.
struct DeliveryTrackerModelTests {
    @Test(.timeLimit(.minutes(2)), arguments: 0..<8)
    func noHistoryLosesAMessage(block: UInt64) {
        for seed in block * 12_500..<(block + 1) * 12_500 {
            var history = DeliveryHistory(seed: seed)
            if history.run() == nil { continue }
            Issue.record("\(Self.replay(seed))")
            return
        }
    }

    @Test(.enabled(if: Self.chosenSeed != nil)) func theChosenSeed() {
        guard let seed = Self.chosenSeed else { return }
        var history = DeliveryHistory(seed: seed, records: true)
        let broken = history.run()
        print(Self.replay(seed))
        #expect(broken == nil)
    }

    @Test func sameSeedGivesTheSameHistory() {
        var (one, two) = (DeliveryHistory(seed: 7, records: true), DeliveryHistory(seed: 7, records: true))
        #expect(one.run() == two.run())
        #expect(one.transcript == two.transcript)
        #expect(one.transcript.count > DeliveryHistory.steps)
    }

    private static let chosenSeed = ProcessInfo.processInfo.environment["LORIKEET_REPLAY"].flatMap { UInt64($0) }

    private static func replay(_ seed: UInt64) -> String {
        var history = DeliveryHistory(seed: seed, records: true)
        let broken = history.run()
        return "seed \(seed): \(broken ?? "every promise is kept")\n\(history.transcript.joined(separator: "\n"))"
    }
}
