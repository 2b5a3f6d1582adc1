import Glibc

/// A file whose content is replaced as a whole: whatever happens, it has the old content or the new.
///
/// The new content is written to `PATH.new` and synced to the disk, then renamed. That name is always the same, so that
/// killed writers leave at most one such file behind.
public struct AtomicFile: Sendable {
    /// The file's path.
    public let path: String
    private var new: String { path + ".new" }

    /// The file at this path, which need not exist.
    public init(path: String) { self.path = path }

    /// Replaces the content. After an error the file has the old content.
    public func replace(_ bytes: some Sequence<UInt8>) throws(FileError) {
        try replace { (output) throws(FileError) in try output.write(bytes) }
    }

    /// Replaces the content by what the body writes. After an error, also of the body, the file has the old content.
    public func replace(_ body: (Output) throws(FileError) -> Void) throws(FileError) {
        do throws(FileError) {
            try Self.write(to: new, body)
            guard rename(new, path) == 0 else { throw .current }
        } catch {
            unlink(new)
            throw error
        }
    }

    /// Removes the file and what a killed writer left behind.
    public func remove() {
        unlink(path)
        unlink(new)
    }

    /// Writes a file and syncs it to the disk. If it is renamed afterwards, it is whole even after a power cut.
    static func write(_ bytes: some Sequence<UInt8>, to path: String) throws(FileError) {
        try write(to: path) { (output) throws(FileError) in try output.write(bytes) }
    }

    private static func write(
        to path: String, _ body: (Output) throws(FileError) -> Void
    ) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .current }
        do throws(FileError) {
            try body(Output(descriptor: descriptor))
            guard fsync(descriptor) == 0 else { throw .current }
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw .current }
    }

    /// The new content, while a body writes it.
    public struct Output {
        fileprivate let descriptor: Int32

        /// Appends bytes.
        public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if count > 0 {
                    written += count
                } else if count == 0 || errno != EINTR {
                    throw .current
                }
            }
        }

        /// Appends bytes.
        public func write(_ bytes: some Sequence<UInt8>) throws(FileError) {
            let bytes = ContiguousArray(bytes)
            var failure: FileError?
            bytes.withUnsafeBytes { bytes in
                do throws(FileError) { try write(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
        }
    }
}
