import Dispatch
import Glibc
import Synchronization

/// Ctrl-C and SIGTERM, for commands that end in order instead of at once.
enum Interruption {
    private static let wasAsked = Atomic<Bool>(false)

    /// From now on, the first signal sets `isAsked`; a second one ends the process as usual.
    static func watch() {
        // Touched here, so that the signal handler finds it initialized.
        wasAsked.store(false, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Interruption.wasAsked.store(true, ordering: .relaxed) }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
    }

    /// Runs asynchronous work; a signal cancels its task.
    static func cancelling<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value
    {
        let work = Task { try await body() }
        let signals = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { work.cancel() }
            source.resume()
            return source
        }
        defer { for source in signals { source.cancel() } }
        return try await withTaskCancellationHandler {
            do { return try await work.value } catch { throw work.isCancelled ? CancellationError() : error }
        } onCancel: {
            work.cancel()
        }
    }

    /// Whether a signal has arrived since `watch()`.
    static var isAsked: Bool { wasAsked.load(ordering: .relaxed) }
}
