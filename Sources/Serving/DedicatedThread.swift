import Foundation

/// A thread of its own that runs the jobs of an actor, so that the actor may block and compute for long without taking a
/// thread of the cooperative pool away from others.
///
///     actor Worker {
///         private let thread = DedicatedThread(name: "worker-1")
///         nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
///     }
///
/// The thread ends when the executor is released and its queue is empty.
public final class DedicatedThread: SerialExecutor {
    private let queue = JobQueue()

    public init(name: String) {
        let queue = queue
        let thread = Thread {
            // A name set from outside does not reach the running thread on Linux.
            Thread.current.name = name
            queue.runUntilClosed()
        }
        thread.start()
    }

    deinit { queue.close() }

    public func enqueue(_ job: consuming ExecutorJob) {
        queue.append(UnownedJob(job), of: asUnownedSerialExecutor())
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// `@unchecked`: `jobs` and `isClosed` are read and written only between `condition.lock()` and `unlock()`.
private final class JobQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [(job: UnownedJob, executor: UnownedSerialExecutor)] = []
    private var isClosed = false

    func append(_ job: UnownedJob, of executor: UnownedSerialExecutor) {
        condition.lock()
        jobs.append((job, executor))
        condition.signal()
        condition.unlock()
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.signal()
        condition.unlock()
    }

    func runUntilClosed() {
        while let batch = nextJobs() {
            for (job, executor) in batch { job.runSynchronously(on: executor) }
        }
    }

    /// All jobs that are waiting; `nil` when the queue is closed and empty.
    private func nextJobs() -> [(job: UnownedJob, executor: UnownedSerialExecutor)]? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty {
            if isClosed { return nil }
            condition.wait()
        }
        defer { jobs.removeAll() }
        return jobs
    }
}
