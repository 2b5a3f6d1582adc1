/// A thread that runs the jobs of an actor. The actor may block and compute for long without occupying Swift's
/// cooperative thread pool.
///
///     actor Worker {
///         private let thread = DedicatedThread(name: "worker-1")
///         nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
///     }
///
/// The thread ends when the executor is released and its queue is empty.
public final class DedicatedThread: SerialExecutor {
    private typealias Job = (job: UnownedJob, executor: UnownedSerialExecutor)

    private struct Queue {
        var jobs: [Job] = []
        /// Whether a thread is running jobs that it took from the queue.
        var isServed = false
        var isClosed = false
    }

    private let queue: Monitor<Queue>
    /// Whether the system gave a thread. If not, callers of ``enqueue(_:)`` run the jobs.
    private let isRunning: Bool

    /// Starts the thread.
    ///
    /// - Parameter name: shown by `top -H` and debuggers; Linux keeps 15 bytes of it.
    public init(name: String) {
        let queue = Monitor(Queue())
        self.queue = queue
        isRunning = SystemThread.start(name: name) {
            while let jobs = Self.nextJobs(queue) { Self.run(jobs) }
        }
    }

    deinit { queue.update { $0.isClosed = true } }

    /// Runs the job on the thread, after those enqueued before it.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        // The job may release the last reference to this executor: nothing of it is touched once the job is enqueued.
        let (queue, isRunning) = (queue, isRunning)
        queue.update { $0.jobs.append((job, executor)) }
        if !isRunning { Self.runHere(queue) }
    }

    /// A reference to this executor, for an actor's `unownedExecutor`.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    private static func run(_ jobs: [Job]) {
        for (job, executor) in jobs { job.runSynchronously(on: executor) }
    }

    /// Waits for jobs and takes them all; nil when the queue is closed and empty.
    private static func nextJobs(_ queue: Monitor<Queue>) -> [Job]? {
        queue.wait { queue -> [Job]?? in
            if queue.jobs.isEmpty { return queue.isClosed ? .some(nil) : nil }
            defer { queue.jobs = [] }
            return queue.jobs
        }
    }

    /// Runs all waiting jobs on the calling thread, unless another one does already: an actor's jobs never overlap.
    private static func runHere(_ queue: Monitor<Queue>) {
        var isFirst = true
        while true {
            let jobs = queue.withLock { queue -> [Job] in
                if isFirst, queue.isServed { return [] }
                isFirst = false
                queue.isServed = !queue.jobs.isEmpty
                defer { queue.jobs = [] }
                return queue.jobs
            }
            if jobs.isEmpty { return }
            run(jobs)
        }
    }
}
