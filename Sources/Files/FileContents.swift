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
        let file = try OpenFile(path: path, atMost: largest)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: file.size, alignment: 64)
        do throws(FileError) {
            bytes = UnsafeRawBufferPointer(rebasing: memory[..<(try file.read(from: 0, into: memory))])
        } catch {
            memory.deallocate()
            throw error
        }
    }

    deinit { bytes.deallocate() }
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
