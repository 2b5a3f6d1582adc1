import Foundation

/// Floats in a file without a name: the system takes it away when it is closed, also after a crash.
final class SpillFile: Sendable {
    private let descriptor: Int32

    /// nil where no file can be made.
    init?(folder: String) {
        var path = Array((folder + "/lorikeet-XXXXXX").utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { return nil }
        unlink(path)
    }

    deinit { close(descriptor) }

    /// What the disk has room for.
    var freeBytes: Int {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return 0 }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// - Parameter start: counted in floats.
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

    /// Calls `some` with what is done, what is left and the place in the file, in bytes, until all is done or nothing more goes.
    private func transfer(_ count: Int, at start: Int, some: (Int, Int, off_t) -> Int) -> Bool {
        let (size, place) = (count * MemoryLayout<Float>.size, start * MemoryLayout<Float>.size)
        var done = 0
        while done < size {
            let moved = some(done, size - done, off_t(place + done))
            if moved < 0, errno == EINTR { continue }
            guard moved > 0 else { return false }
            done += moved
        }
        return true
    }
}
