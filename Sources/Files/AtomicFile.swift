import Glibc

/// A file whose content is replaced as a whole: whatever happens, the old content or the new stands there.
///
/// The new content is written beside it and synced to the disk before it is renamed. Its name stays the same, so that a
/// killed writer leaves at most one such file behind.
public struct AtomicFile: Sendable {
    public let path: String
    private var new: String { path + ".new" }

    public init(path: String) { self.path = path }

    /// Replaces the content. After an error the old one stands there.
    public func replace(_ bytes: some Sequence<UInt8>) throws(FileError) {
        do throws(FileError) {
            try Self.write(bytes, to: new)
            guard rename(new, path) == 0 else { throw .current }
        } catch {
            unlink(new)
            throw error
        }
    }

    /// Removes the file and what a killed writer left beside it.
    public func remove() {
        unlink(path)
        unlink(new)
    }

    /// Writes a file that is on the disk when this returns: what is renamed afterwards is whole, also after a power cut.
    static func write(_ bytes: some Sequence<UInt8>, to path: String) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .current }
        do throws(FileError) {
            try write(ContiguousArray(bytes), to: descriptor)
            guard fsync(descriptor) == 0 else { throw .current }
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw .current }
    }

    private static func write(_ bytes: ContiguousArray<UInt8>, to descriptor: Int32) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                throw .current
            }
        }
    }
}
