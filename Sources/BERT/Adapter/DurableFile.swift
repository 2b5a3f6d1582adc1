import Foundation
import Glibc

/// Files that are on the disk when their writer goes on: what is renamed afterwards is whole, also after a power cut.
public enum DurableFile {
    /// What the system said, such as "No space left on device".
    public struct Failure: Error {
        public let reason: String
    }

    /// Writes a file, in place of one that is there. What a failure leaves of it is the caller's to remove.
    public static func write(_ bytes: Data, to path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure() }
        do throws(Failure) {
            try write(bytes, to: descriptor)
            guard fsync(descriptor) == 0 else { throw failure() }
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw failure() }
    }

    private static func write(_ bytes: Data, to descriptor: Int32) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = bytes[(bytes.startIndex + written)...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                throw failure()
            }
        }
    }

    private static func failure() -> Failure { Failure(reason: String(cString: strerror(errno))) }
}
