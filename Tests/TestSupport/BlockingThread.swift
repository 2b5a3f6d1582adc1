import Glibc
import Synchronization

/// Runs a blocking piece of a test on a thread of its own; `value` waits for its end.
public final class BlockingThread<Value: Sendable>: Sendable {
    private let result = Mutex<Value?>(nil)
    private let done: UnsafeSemaphore

    private init() { done = UnsafeSemaphore() }

    /// Starts the body.
    public static func run(_ body: @escaping @Sendable () -> Value) -> BlockingThread<Value> {
        let thread = BlockingThread()
        detach {
            let value = body()
            thread.result.withLock { $0 = value }
            thread.done.signal()
        }
        return thread
    }

    /// What the body returned.
    public var value: Value {
        done.wait()
        done.signal()
        guard let value = result.withLock({ $0 }) else { preconditionFailure("signalled without a result") }
        return value
    }
}

private func detach(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void; init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    // Retained here, released by the thread.
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    let failure = pthread_create(
        &thread, nil,
        { box in
            if let box { Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body() }
            return nil
        }, box)
    precondition(failure == 0, "no thread for a test")
    pthread_detach(thread)
}

/// A POSIX semaphore at a fixed address; unchecked because that is what it is for.
private final class UnsafeSemaphore: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}
