import PostgresClient
import Testing

@testable import Connectors

@Suite struct BisectionTests {
    private func search(_ count: Int, bad: Set<Int>) throws -> (refused: [Int], accepted: [Int], attempts: Int) {
        var attempts = 0
        let outcome = try Bisection.run(Array(0..<count)) { slice in
            attempts += 1
            if slice.contains(where: bad.contains) { throw PostgresError(kind: .server, sqlState: "23514") }
        }
        return (outcome.refused.map(\.element), outcome.accepted, attempts)
    }

    @Test func everyPlaceIsFoundWithLogarithmicallyManyAttempts() throws {
        for count in [1, 2, 3, 7, 64, 65, 1000] {
            let limit = 2 + 2 * (Int.bitWidth - (count - 1).leadingZeroBitCount)
            for bad in stride(from: 0, to: count, by: max(1, count / 40)) {
                let found = try search(count, bad: [bad])
                #expect(found.refused == [bad])
                #expect(found.accepted == (0..<count).filter { $0 != bad })
                #expect(found.attempts <= limit)
            }
        }
    }

    @Test func severalAreFound() throws {
        var generator = SplitMix(state: 7)
        for _ in 0..<200 {
            let count = Int.random(in: 1...200, using: &generator)
            let bad = Set(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in Int.random(in: 0..<count, using: &generator) }
            )
            let found = try search(count, bad: bad)
            #expect(Set(found.refused) == bad)
            #expect(found.accepted == (0..<count).filter { !bad.contains($0) })
        }
    }

    @Test func allBadAreAllFound() throws {
        #expect(try search(8, bad: Set(0..<8)).refused == Array(0..<8))
    }

    @Test func otherErrorsEndTheSearch() {
        #expect(throws: PostgresError(kind: .connectionLost)) {
            try Bisection.run([1, 2, 3]) { _ in throw PostgresError(kind: .connectionLost) }
        }
    }
}

/// A seeded generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
