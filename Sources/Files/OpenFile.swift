import Glibc

/// A regular file that is open for reading, at any place.
///
/// Not mapped: if another process truncates a mapped file, the next access ends this one.
public final class OpenFile: Sendable {
    /// The size in bytes when it was opened.
    public let size: Int
    private let descriptor: Int32
    private let opened: FileStamp

    /// Opens a file.
    ///
    /// - Parameter largest: a larger file is refused, and one that is larger than the machine's memory.
    public init(path: String, atMost largest: Int = .max) throws(FileError) {
        // Non-blocking, so that opening a named pipe does not wait for a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing }
            throw .current
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = FileError.current
            close(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notAFile
        }
        let limit = min(largest, Self.memory)
        guard status.st_size <= limit else {
            close(descriptor)
            throw .tooLarge(bytes: Int(status.st_size), largest: limit)
        }
        size = Int(status.st_size)
        opened = FileStamp(status)
    }

    /// The machine's memory in bytes.
    private static var memory: Int {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages * size : .max
    }

    deinit { close(descriptor) }

    /// Reads bytes until the memory is full or the file ends.
    ///
    /// - Returns: the number of bytes.
    public func read(from place: Int, into memory: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        var filled = 0
        while filled < memory.count {
            let count = pread(
                descriptor, memory.baseAddress.map { $0 + filled }, memory.count - filled, off_t(place + filled))
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw .current
            }
        }
        return filled
    }

    /// Whether the file has the size and the times that it had when it was opened. A write in the same tick of the
    /// system's clock as an earlier one is not noticed.
    public var isUnchanged: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && FileStamp(status) == opened
    }
}
