import Glibc

/// Threads of their own for blocking computation, which must not hold up Swift's cooperative pool.
enum WorkerThreads {
    /// Runs `body(0)` … `body(count - 1)`, each on a new thread, and returns when all have.
    ///
    /// The caller only waits: passes switch flush-to-zero on for the thread that they run on, which is not to be the caller's.
    static func run(count: Int, _ body: @Sendable (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            let threads = (0..<max(count, 1)).compactMap { number in start { body(number) } }
            for thread in threads { pthread_join(thread, nil) }
        }
    }

    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Nil, with the work done here, where the system gives no more threads.
    private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        if code == 0 { return thread }
        work.takeRetainedValue().body()
        return nil
    }
}
