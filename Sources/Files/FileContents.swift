import Glibc

/// The bytes of a file, read into memory.
///
/// Not mapped: if another process truncates a mapped file, the next access ends this one, and if it overwrites the
/// file, bytes change that were already checked.
///
/// `@unchecked Sendable`: the bytes are written only by the initializer.
public final class FileContents: @unchecked Sendable {
    /// Valid as long as this object.
    public let bytes: UnsafeRawBufferPointer

    /// Reads a regular file.
    ///
    /// - Parameter largest: a larger file is refused before memory is allocated for it.
    public init(path: String, atMost largest: Int) throws(FileError) {
        // Non-blocking, so that opening a named pipe does not wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing }
            throw .current
        }
        defer { close(descriptor) }
        let size = try Self.size(descriptor, atMost: min(largest, Self.memory))
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        do throws(FileError) {
            bytes = UnsafeRawBufferPointer(rebasing: memory[..<(try Self.fill(memory, from: descriptor))])
        } catch {
            memory.deallocate()
            throw error
        }
    }

    deinit { bytes.deallocate() }

    private static func size(_ descriptor: Int32, atMost largest: Int) throws(FileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .current }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
        guard status.st_size <= largest else { throw .tooLarge(bytes: Int(status.st_size), largest: largest) }
        return Int(status.st_size)
    }

    /// Reads until the memory is full or the file ends, whatever its size was; returns the number of bytes.
    private static func fill(_ memory: UnsafeMutableRawBufferPointer, from descriptor: Int32) throws(FileError) -> Int {
        var filled = 0
        while filled < memory.count {
            let count = read(descriptor, memory.baseAddress.map { $0 + filled }, memory.count - filled)
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw .current
            }
        }
        return filled
    }

    /// The machine's memory in bytes.
    private static var memory: Int {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages * size : .max
    }
}

extension FileContents {
    /// Reads a regular file into an array.
    ///
    /// - Parameter largest: a larger file is refused.
    public static func array(path: String, atMost largest: Int) throws(FileError) -> [UInt8] {
        let file = try FileContents(path: path, atMost: largest)
        return withExtendedLifetime(file) { Array(file.bytes) }
    }

    /// The most bytes that a configuration file may have. Real ones have a few thousand.
    public static let largestConfiguration = 16 << 20
}
