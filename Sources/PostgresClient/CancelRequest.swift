import CLibPQ
import Glibc
import Synchronization

/// Cancels the running statement of a connection, through a second connection.
///
/// `PQcancel` blocks until the server answers, for ever if it hangs, so each call has a thread that nobody waits for.
/// `PGcancel` holds copies of all it needs: the connection may be closed meanwhile.
enum CancelRequest {
    /// Threads that wait for a server. Beyond the limit no request is sent: the connection is then closed after the
    /// grace period, which frees the client as well.
    private static let running = Atomic(0)
    private static let limit = 16

    static func send(_ connection: OpaquePointer) {
        guard let request = PQgetCancel(connection) else { return }
        if running.add(1, ordering: .relaxed).newValue > limit {
            running.subtract(1, ordering: .relaxed)
            PQfreeCancel(request)
            return
        }
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { request in
                var reason = [CChar](repeating: 0, count: 256)
                let pointer = request.map { OpaquePointer($0) }
                PQcancel(pointer, &reason, Int32(reason.count))
                PQfreeCancel(pointer)
                CancelRequest.running.subtract(1, ordering: .relaxed)
                return nil
            }, UnsafeMutableRawPointer(request))
        if failure == 0 {
            pthread_detach(thread)
        } else {
            running.subtract(1, ordering: .relaxed)
            PQfreeCancel(request)
        }
    }
}
