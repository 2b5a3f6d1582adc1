import Foundation
import TestSupport
import Testing

@testable import Threading

/// The calling thread's name, as the system knows it.
private func threadName() -> String {
    ((try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? "").replacing("\n", with: "")
}

@Suite(.timeLimit(.minutes(1)))
struct SystemThreadTests {
    @Test func bothAreComputedAtTheSameTime() {
        // Each waits for the other: it would never end if one ran after the other.
        let arrived = Monitor(0)
        let meet: @Sendable () -> Void = {
            arrived.update { $0 += 1 }
            arrived.wait { $0 == 2 ? () : nil }
        }
        let (first, second) = SystemThread.both(name: "second") { () -> String in
            meet()
            return threadName()
        } _: { () -> String in
            meet()
            return threadName()
        }
        #expect(first != "second" && second == "second")
    }

    @Test func workRunsOnAThreadOfItsName() async {
        #expect(await SystemThread.run(name: "short") { threadName() } == "short")
        #expect(await SystemThread.run(name: "a name that is too long") { threadName() } == "a name that is ")
        // Cut between characters.
        #expect(await SystemThread.run(name: "source größäääää") { threadName() } == "source größä")
    }

    @Test func eachRunHasAThreadOfItsOwn() async {
        let first = Latch<pthread_t>()
        async let one = SystemThread.run(name: "one") {
            first.open(pthread_self())
            return pthread_self()
        }
        #expect(await first.value == one)
        #expect(await one != pthread_self())
    }

    @Test func errorsReachTheCaller() async {
        struct Stop: Error {}
        await #expect(throws: Stop.self) { try await SystemThread.run(name: "fails") { throw Stop() } }
    }

    @Test func theStackIsAsLargeAsRequested() async {
        let size = await SystemThread.run(name: "stack", stackSize: 32 << 20) {
            // Fails with a signal if the stack is smaller.
            withUnsafeTemporaryAllocation(byteCount: 24 << 20, alignment: 16) { memory in
                for offset in stride(from: 0, to: memory.count, by: 4096) { memory[offset] = 1 }
                return memory.count
            }
        }
        #expect(size == 24 << 20)
    }

    @Test func whatTheWorkHoldsIsReleased() async throws {
        final class Held: Sendable {}
        weak var held: Held?
        await {
            let object = Held()
            held = object
            await SystemThread.run(name: "holds") { _ = object }
        }()
        // The thread may still be letting go of it.
        try await eventually("the release") { held == nil }
    }
}
