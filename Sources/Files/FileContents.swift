#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file's bytes in memory of their own.
///
/// Never a map: a mapped file that somebody truncates ends the process on access, one that is overwritten in place changes
/// under it. Here both only matter while the file is read, and what was read is then checked like any other bytes.
///
/// `@unchecked Sendable`: written only in the initialiser; afterwards everyone reads.
public final class FileContents: @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer

    /// Reads a regular file whole.
    ///
    /// - Parameter largest: more bytes are refused, before memory is taken for them.
    public init(path: String, atMost largest: Int) throws(FileError) {
        // Not blocking: opening a pipe must not wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing }
            throw .system(reason: Self.reason(errno))
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
        guard fstat(descriptor, &status) == 0 else { throw .system(reason: reason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
        guard status.st_size <= largest else { throw .tooLarge(bytes: Int(status.st_size), largest: largest) }
        return Int(status.st_size)
    }

    /// Reads until the memory is full or the file ends, whatever its size was before; returns the bytes read.
    private static func fill(_ memory: UnsafeMutableRawBufferPointer, from descriptor: Int32) throws(FileError) -> Int {
        var filled = 0
        while filled < memory.count {
            let count = read(descriptor, memory.baseAddress.map { $0 + filled }, memory.count - filled)
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw .system(reason: reason(errno))
            }
        }
        return filled
    }

    /// Bytes of memory that the machine has.
    private static var memory: Int {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages * size : .max
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension FileContents {
    /// The bytes of a small file as an array.
    public static func array(path: String, atMost largest: Int) throws(FileError) -> [UInt8] {
        let file = try FileContents(path: path, atMost: largest)
        return withExtendedLifetime(file) { Array(file.bytes) }
    }

    /// What a configuration file may have; real ones have a few thousand bytes.
    public static let largestConfiguration = 16 << 20
}
