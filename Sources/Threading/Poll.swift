import Glibc

/// Waits on file descriptors with `poll(2)`.
public enum Poll {
    /// Why a wait ended.
    public enum Event: Sendable {
        /// The descriptor is ready or has an error.
        case ready
        /// The signal descriptor is readable and the other one is not ready.
        case signalled
        /// The deadline has passed.
        case deadline
    }

    /// Waits until a descriptor is ready, the signal descriptor is readable or the deadline has passed.
    ///
    /// - Parameters:
    ///   - descriptor: a descriptor with an error counts as ready; the next read or write reports the error.
    ///   - reading: whether being readable counts as ready.
    ///   - writing: whether being writable counts as ready.
    ///   - signal: a second descriptor, such as one end of a pipe that another thread writes to.
    ///   - deadline: nil to wait without limit.
    public static func wait(
        for descriptor: Int32, reading: Bool = true, writing: Bool = false, signal: Int32? = nil,
        deadline: ContinuousClock.Instant?
    ) -> Event {
        let events = (reading ? Int16(POLLIN) : 0) | (writing ? Int16(POLLOUT) : 0)
        var descriptors = [pollfd(fd: descriptor, events: events, revents: 0)]
        if let signal { descriptors.append(pollfd(fd: signal, events: Int16(POLLIN), revents: 0)) }
        while true {
            let count = poll(&descriptors, nfds_t(descriptors.count), milliseconds(until: deadline))
            if count > 0 { return descriptors[0].revents != 0 ? .ready : .signalled }
            // 0: time is up, or `poll` counted it faster than the clock. -1: EINTR, or an error that the next read
            // reports.
            if count < 0, errno != EINTR { return .ready }
            if let deadline, ContinuousClock.now >= deadline { return .deadline }
        }
    }

    /// The milliseconds left, -1 without a deadline.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        deadline.map { ($0 - ContinuousClock.now).milliseconds } ?? -1
    }
}
