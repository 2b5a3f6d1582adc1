import Glibc
import Threading

extension HTTPServer {
    /// The thread that computes answers. Swift's cooperative threads, which the serving path needs, never do.
    final class AnswerThread: TaskExecutor {
        private typealias Job = (job: UnownedJob, executor: UnownedTaskExecutor)

        private struct Queue {
            var jobs: [Job] = []
            var isClosed = false
        }

        private let queue: Monitor<Queue>

        /// - Throws: if the system gives no thread.
        init(name: String) throws(SystemError) {
            let queue = Monitor(Queue())
            self.queue = queue
            let isRunning = SystemThread.start(name: name) {
                while let jobs = Self.nextJobs(queue) {
                    for (job, executor) in jobs { job.runSynchronously(on: executor) }
                }
            }
            guard isRunning else { throw SystemError("starting a thread for the HTTP server", code: EAGAIN) }
        }

        deinit { queue.update { $0.isClosed = true } }

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            let executor = asUnownedTaskExecutor()
            queue.update { $0.jobs.append((job, executor)) }
        }

        /// Waits for jobs and takes them all; nil when the queue is closed and empty.
        private static func nextJobs(_ queue: Monitor<Queue>) -> [Job]? {
            queue.wait { queue -> [Job]?? in
                if queue.jobs.isEmpty { return queue.isClosed ? .some(nil) : nil }
                defer { queue.jobs = [] }
                return queue.jobs
            }
        }
    }
}
