import Foundation
import TestSupport
import Testing

@testable import Threading

/// The threads of this process that have this name.
private func threadCount(named name: String) -> Int {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return threads.count { thread in
        (try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)) == name + "\n"
    }
}

/// The kernel's name of the running thread. `pthread_self()` is a constant to the compiler, also across an `await`.
private func threadID() -> String {
    var path = [CChar](repeating: 0, count: 256)
    let length = readlink("/proc/thread-self", &path, path.count)
    return String(decoding: path.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
        func currentThread() -> String { threadID() }
    }

    @Test func anActorRunsOnItsOwnThread() async {
        let recorders = [Recorder(), Recorder(), Recorder()]
        var seen = [Set<String>](repeating: [], count: recorders.count)
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

    @Test func theThreadEndsWithItsActor() async throws {
        for _ in 0..<50 { await ShortLived().run() }
        try await eventually("the end of the threads") { threadCount(named: "short-lived") == 0 }
    }

    private actor ShortLived {
        private let thread = DedicatedThread(name: "short-lived")
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

        func run() {}
    }
}
