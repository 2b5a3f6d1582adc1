import Glibc

/// A moment of the clock that systemd and all processes of this machine share: microseconds of CLOCK_MONOTONIC.
struct MonotonicTime: Sendable, Comparable {
    let microseconds: UInt64

    init(microseconds: UInt64) { self.microseconds = microseconds }

    static var now: MonotonicTime {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return MonotonicTime(microseconds: UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000)
    }

    static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.microseconds < right.microseconds }
}
