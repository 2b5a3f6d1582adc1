import Glibc

/// Waits for a descriptor with poll(2).
public enum Poll {
    /// Why a wait ended.
    public enum Event: Sendable {
        case ready
        /// The signal descriptor became readable.
        case signalled
        case deadline
    }

    /// Waits until the descriptor can do one of the things asked for, the signal descriptor is readable or the deadline
    /// passed. Errors of the descriptor count as ready: the next read tells them.
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
            // 0: the time is up, or `poll` took it for longer than the clock. Below 0: EINTR, wait on; anything else is
            // for the next read to tell.
            if count < 0, errno != EINTR { return .ready }
            if let deadline, ContinuousClock.now >= deadline { return .deadline }
        }
    }

    /// Whole milliseconds left, -1 without a deadline.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        deadline.map { ($0 - ContinuousClock.now).milliseconds } ?? -1
    }
}

extension Duration {
    /// Whole milliseconds, rounded up so that a short wait never becomes a busy loop, within what C takes.
    public var milliseconds: Int32 {
        if self <= .zero { return 0 }
        if self > .seconds(1_000_000) { return 1_000_000_000 }
        let (seconds, attoseconds) = components
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
