import CLinux
import Glibc

/// Threads for work that blocks or computes for long. Swift's cooperative thread pool must not run it.
public enum SystemThread {
    /// Starts a detached thread.
    ///
    /// - Parameters:
    ///   - name: shown by `top -H` and debuggers; Linux keeps 15 bytes of it.
    ///   - stackSize: in bytes; nil for the system's default.
    /// - Returns: whether the thread was started. If not, `body` never runs.
    @discardableResult
    public static func start(name: String, stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(name: name, body: body))
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, work.toOpaque())
        if code != 0 { work.release() }
        return code == 0
    }

    /// Runs `body` on a new thread and returns its result. If no thread can be started, runs it on the calling thread.
    ///
    /// - Throws: what `body` throws.
    public static func run<Value: Sendable, Failure>(
        name: String, stackSize: Int? = nil, _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, Failure>, Never>) in
            let work: @Sendable () -> Void = { continuation.resume(returning: Result(catching: body)) }
            if !start(name: name, stackSize: stackSize, work) { work() }
        }
        return try result.get()
    }

    /// Both values. The second one is computed on a thread of its own meanwhile.
    public static func both<First, Second: Sendable>(
        name: String, _ first: () -> First, _ second: @escaping @Sendable () -> Second
    ) -> (First, Second) {
        let result = Monitor<Second?>(nil)
        let work: @Sendable () -> Void = {
            let value = second()
            result.update { $0 = value }
        }
        let isRunning = start(name: name, stackSize: 8 << 20, work)
        let value = first()
        if !isRunning { work() }
        return (value, result.wait { $0 })
    }

    /// What a new thread runs, in an object that a C pointer can hold.
    private final class Work {
        private let name: String
        private let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }

        func run() {
            pthread_setname_np(pthread_self(), shortName)
            body()
        }

        /// Linux refuses a name of more than 15 bytes.
        private var shortName: String {
            var name = name
            while name.utf8.count > 15 { name.removeLast() }
            return name
        }
    }
}
