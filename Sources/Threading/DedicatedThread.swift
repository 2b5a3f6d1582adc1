/// A thread that runs the jobs of an actor, so that the actor may block and compute for long without taking a thread of
/// the cooperative pool away from others.
///
///     actor Worker {
///         private let thread = DedicatedThread(name: "worker-1")
///         nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
///     }
///
/// The thread ends when the executor is released and its queue is empty.
public final class DedicatedThread: SerialExecutor {
    private struct Queue {
        var jobs: [(job: UnownedJob, executor: UnownedSerialExecutor)] = []
        var isClosed = false
    }

    private let queue: Monitor<Queue>
    /// Whether there is a thread; without one, jobs run where they are enqueued.
    private let isRunning: Bool

    /// - Parameter name: what `top -H` and a debugger show; Linux keeps 15 bytes of it.
    public init(name: String) {
        let queue = Monitor(Queue())
        self.queue = queue
        isRunning = SystemThread.start(name: name) {
            while let batch = Self.nextJobs(queue) {
                for (job, executor) in batch { job.runSynchronously(on: executor) }
            }
        }
    }

    deinit { queue.update { $0.isClosed = true } }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        guard isRunning else { return job.runSynchronously(on: executor) }
        queue.update { $0.jobs.append((job, executor)) }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// All jobs that are waiting; `nil` when the queue is closed and empty.
    private static func nextJobs(_ queue: Monitor<Queue>) -> [(job: UnownedJob, executor: UnownedSerialExecutor)]? {
        queue.wait { queue -> [(job: UnownedJob, executor: UnownedSerialExecutor)]?? in
            if queue.jobs.isEmpty { return queue.isClosed ? .some(nil) : nil }
            defer { queue.jobs = [] }
            return queue.jobs
        }
    }
}
