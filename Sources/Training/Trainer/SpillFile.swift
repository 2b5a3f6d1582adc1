import Glibc

/// Floats in a file without a name, which the system deletes when it is closed, even by a crash.
final class SpillFile: Sendable {
    private let descriptor: Int32

    /// nil if no file can be made.
    init?(folder: String) {
        var path = Array((folder + "/lorikeet-XXXXXX").utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { return nil }
        unlink(path)
    }

    deinit { close(descriptor) }

    /// The free space of the disk.
    var freeBytes: Int {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return 0 }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// - Parameter start: in floats.
    /// - Returns: whether all were written.
    func write(_ floats: UnsafePointer<Float>, count: Int, at start: Int) -> Bool {
        let bytes = UnsafeRawPointer(floats)
        return transfer(count, at: start) { pwrite(descriptor, bytes + $0, $1, $2) }
    }

    /// - Returns: whether all were read.
    func read(_ floats: UnsafeMutablePointer<Float>, count: Int, at start: Int) -> Bool {
        let bytes = UnsafeMutableRawPointer(floats)
        return transfer(count, at: start) { pread(descriptor, bytes + $0, $1, $2) }
    }

    /// Calls `move` until all bytes are transferred or one call fails.
    ///
    /// - Parameter move: receives the bytes done, the bytes left and the offset in the file; returns the bytes moved.
    private func transfer(_ count: Int, at start: Int, move: (Int, Int, off_t) -> Int) -> Bool {
        let (size, place) = (count * MemoryLayout<Float>.size, start * MemoryLayout<Float>.size)
        var done = 0
        while done < size {
            let moved = move(done, size - done, off_t(place + done))
            if moved < 0, errno == EINTR { continue }
            guard moved > 0 else { return false }
            done += moved
        }
        return true
    }
}
