import CLinux
import Glibc

/// Threads for work that blocks or computes for long, which must not hold up Swift's cooperative pool.
public enum SystemThread {
    /// Starts a detached thread.
    ///
    /// - Parameters:
    ///   - name: what `top -H` and a debugger show; Linux keeps 15 bytes of it.
    ///   - stackSize: in bytes; the system's default if nil.
    /// - Returns: whether the system gave a thread. If not, `body` is dropped.
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

    /// Runs `body` on a new thread and returns its result. Runs it on the calling thread if the system gives no other.
    public static func run<Value: Sendable>(
        name: String, stackSize: Int? = nil, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, any Error>, Never>) in
            let work: @Sendable () -> Void = { continuation.resume(returning: Result(catching: body)) }
            if !start(name: name, stackSize: stackSize, work) { work() }
        }.get()
    }

    /// As above, for work that cannot fail.
    public static func run<Value: Sendable>(
        name: String, stackSize: Int? = nil, _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            let work: @Sendable () -> Void = { continuation.resume(returning: body()) }
            if !start(name: name, stackSize: stackSize, work) { work() }
        }
    }

    /// What a new thread runs, on its way through a C pointer.
    private final class Work {
        private let name: String
        private let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }

        func run() {
            // Longer names are refused whole.
            pthread_setname_np(pthread_self(), String(decoding: name.utf8.prefix(15), as: UTF8.self))
            body()
        }
    }
}
