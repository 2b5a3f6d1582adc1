import Glibc
import Synchronization
import Testing

@testable import Threading

@Suite(.timeLimit(.minutes(1)))
struct WorkerTeamTests {
    @Test func everyNumberIsCalledOncePerRound() {
        let calls = Mutex([Int](repeating: 0, count: 3))
        WorkerTeam.with(count: 3, name: "test") { team in
            #expect(team.count == 3)
            for round in 1...200 {
                team.run { number in calls.withLock { $0[number] += 1 } }
                #expect(calls.withLock { $0 } == [round, round, round])
            }
        }
    }

    @Test func aNumberKeepsItsThreadAndNoneIsTheCallers() {
        let threads = Mutex([Set<pthread_t>](repeating: [], count: 3))
        WorkerTeam.with(count: 3, name: "test") { team in
            for _ in 0..<20 { team.run { number in threads.withLock { _ = $0[number].insert(pthread_self()) } } }
        }
        let seen = threads.withLock { $0 }
        #expect(seen.allSatisfy { $0.count == 1 })
        #expect(seen.reduce(into: Set()) { $0.formUnion($1) }.count == 3)
        #expect(!seen.contains([pthread_self()]))
    }

    private struct Odd: Error, Equatable { let number: Int }

    @Test(arguments: [0, 1, 2, 100]) func itemsAreMappedInTheirOrder(count: Int) {
        let doubled = WorkerTeam.map(Array(0..<count), count: 3, name: "test") { 2 * $0 }
        #expect(doubled == (0..<count).map { 2 * $0 })
    }

    @Test func aThreadKeepsItsOwnFromItemToItem() {
        final class Kept {
            let thread = pthread_self()
            var items = 0
        }
        let made = Mutex(0)
        let mapped = WorkerTeam.map(
            Array(0..<100), count: 3, name: "test",
            keeping: {
                made.withLock { $0 += 1 }
                return Kept()
            }
        ) { kept, item in
            kept.items += 1
            return (item: item, isOwn: kept.thread == pthread_self(), isFirst: kept.items == 1)
        }
        #expect(mapped.map(\.item) == Array(0..<100) && mapped.allSatisfy(\.isOwn))
        #expect(made.withLock { $0 } == 3 && mapped.count(where: \.isFirst) <= 3)
    }

    @Test func theFirstItemWithAnErrorThrowsIt() {
        #expect(throws: Odd(number: 3)) {
            try WorkerTeam.map([2, 3, 4, 5], count: 2, name: "test") { number throws(Odd) in
                guard number.isMultiple(of: 2) else { throw Odd(number: number) }
                return number
            }
        }
    }

    @Test func theNumbersRunAtTheSameTime() {
        // Each waits for all: it would never end if one ran after another.
        let arrived = Monitor(0)
        WorkerTeam.run(count: 4, name: "test") { _ in
            arrived.update { $0 += 1 }
            arrived.wait { $0 == 4 ? () : nil }
        }
        #expect(arrived.withLock { $0 } == 4)
    }

    @Test func preparationRunsOncePerThreadBeforeTheFirstRound() {
        let prepared = Mutex(Set<pthread_t>())
        WorkerTeam.with(count: 3, name: "test", prepare: { prepared.withLock { _ = $0.insert(pthread_self()) } }) {
            team in
            for _ in 0..<5 {
                team.run { _ in #expect(prepared.withLock { $0.contains(pthread_self()) }) }
            }
        }
        #expect(prepared.withLock { $0.count } == 3)
    }

    @Test func aTeamEndsAfterAnErrorToo() {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try WorkerTeam.with(count: 2, name: "test") { team throws(Stop) in
                team.run { _ in }
                throw Stop()
            }
        }
    }

    @Test func aTeamOfNobodyReturnsAtOnce() {
        WorkerTeam.run(count: 0, name: "test") { _ in Issue.record("there is no number") }
    }

    @Test func whatTheWorkHoldsIsReleasedWhenTheTeamHasEnded() {
        final class Held: Sendable {}
        for _ in 0..<50 {
            weak var held: Held?
            WorkerTeam.with(count: 2, name: "test") { team in
                let object = Held()
                held = object
                team.run { _ in _ = object }
            }
            #expect(held == nil)
        }
    }
}
