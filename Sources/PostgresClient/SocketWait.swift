import Glibc

/// Why a wait for a socket ended.
enum SocketEvent {
    case ready
    /// The waker was used; what for, its flags tell.
    case signalled
    case deadline
}

/// Waits with poll(2) until the socket can do one of the things asked for, the waker was used or the deadline passed. Errors of the socket count as ready: the
/// next read tells them.
func waitForSocket(
    _ socket: Int32, reading: Bool = true, writing: Bool = false, waker: PostgresWaker?, deadline: ContinuousClock.Instant?
) -> SocketEvent {
    let events = (reading ? Int16(POLLIN) : 0) | (writing ? Int16(POLLOUT) : 0)
    var descriptors = [pollfd(fd: socket, events: events, revents: 0)]
    if let waker { descriptors.append(pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)) }
    while true {
        let count = poll(&descriptors, nfds_t(descriptors.count), milliseconds(until: deadline))
        if count > 0 {
            if descriptors[0].revents != 0 { return .ready }
            waker?.clearSignal()
            return .signalled
        }
        // 0: the time is up, or `poll` took it for longer than the clock. Below 0: EINTR, wait on; anything else is for the next read to tell.
        if count < 0, errno != EINTR { return .ready }
        if let deadline, ContinuousClock.now >= deadline { return .deadline }
    }
}

/// For poll(2): rounded up, -1 without a deadline.
func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = deadline - ContinuousClock.now
    if left <= .zero { return 0 }
    if left > .seconds(1_000_000) { return 1_000_000_000 }
    let (seconds, attoseconds) = left.components
    return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}
