import Glibc

/// What changes when a file is written or replaced: a file with the same stamp has the same content, as `make` and
/// `git` take it.
///
/// Beside size and time of modification, it has the number of the file (inode) and the time when the system last
/// changed anything about it (ctime). A copy that keeps the time of modification has another number, and no program can
/// set the second time back. Only a change of the system's clock could hide a write.
public struct FileStamp: Sendable, Hashable {
    private let number: UInt64
    private let size: Int
    private let modified: Time
    private let changed: Time

    /// Reads the stamp of a regular file; nil if there is none, or if the file was changed in this tick of the system's
    /// clock. Another write in the same tick would leave the same stamp.
    public init?(path: String) {
        var now = timespec()
        // The clock that stamps files. Read first: whatever is written after the stamp was read gets this time or a
        // later one.
        guard clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 else { return nil }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        self.init(status)
        guard changed < Time(now) else { return nil }
    }

    /// What the system says of a file.
    init(_ status: stat) {
        number = UInt64(status.st_ino)
        size = Int(status.st_size)
        modified = Time(status.st_mtim)
        changed = Time(status.st_ctim)
    }
}

extension FileStamp {
    private struct Time: Sendable, Hashable, Comparable {
        let seconds: Int
        let nanoseconds: Int

        init(_ time: timespec) { (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec) }

        static func < (left: Time, right: Time) -> Bool {
            (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
        }
    }
}

extension FileStamp: CustomStringConvertible {
    /// One line. Two stamps are equal if their descriptions are.
    public var description: String {
        "inode=\(number) size=\(size) modified=\(modified.seconds)+\(modified.nanoseconds) "
            + "changed=\(changed.seconds)+\(changed.nanoseconds)"
    }
}
