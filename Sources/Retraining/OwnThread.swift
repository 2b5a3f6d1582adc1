import Foundation

/// Runs work that computes for minutes on a thread of its own, off the cooperative pool.
func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread {
            Thread.current.name = "learning"
            continuation.resume(with: Result(catching: work))
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
}
