import CLibPQ
import Glibc
import Synchronization

/// Cancels what a connection does, through a second connection.
///
/// `PQcancel` blocks for as long as the server pleases, for ever if it is frozen, so each runs on a thread of its own that nobody waits for. `PGcancel` holds a copy of all
/// it needs: the connection may go meanwhile.
enum CancelRequest {
    /// Threads that wait for a server. Past the limit the request is left out: the connection is then given up, which frees the client as well.
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
