import Glibc
import TestSupport
import Testing

@testable import Threading

/// The threads of this process.
private func threadCount() -> Int {
    var count = 0
    guard let folder = opendir("/proc/self/task") else { return 0 }
    while readdir(folder) != nil { count += 1 }
    closedir(folder)
    return count - 2
}

@Suite(.timeLimit(.minutes(1)))
struct DedicatedThreadTests {
    private actor Recorder {
        private let thread = DedicatedThread(name: "recorder")
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
        private(set) var seen: [Int] = []

        func note(_ number: Int) { seen.append(number) }
        func run(_ body: @Sendable () -> Void) { body() }
        /// Not its name: that is inherited from the thread that made it until the system has set it.
        func currentThread() -> pthread_t { pthread_self() }
    }

    @Test func anActorRunsOnItsOwnThread() async {
        let recorders = [Recorder(), Recorder(), Recorder()]
        var seen = [Set<pthread_t>](repeating: [], count: recorders.count)
        for _ in 0..<20 {
            for (place, recorder) in recorders.enumerated() { seen[place].insert(await recorder.currentThread()) }
        }
        #expect(seen.allSatisfy { $0.count == 1 }, "\(seen)")
        #expect(seen.reduce(into: Set()) { $0.formUnion($1) }.count == recorders.count, "\(seen)")
    }

    @Test func jobsDoNotGetLost() async {
        let recorder = Recorder()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<500 { group.addTask { await recorder.note(number) } }
        }
        #expect(await recorder.seen.sorted() == Array(0..<500))
    }

    @Test func aBlockedActorHoldsUpNoOther() async {
        let (blocked, other) = (Recorder(), Recorder())
        let gate = Monitor(false)
        async let waiting: Void = blocked.run { gate.wait { $0 ? () : nil } }
        await other.note(1)
        gate.update { $0 = true }
        await waiting
        #expect(await other.seen == [1])
    }

    @Test func theThreadEndsWithItsActor() async {
        for _ in 0..<2000 { await Recorder().note(0) }
        #expect(await SystemThread.run(name: "count") { threadCount() } < 1000)
    }
}
