#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that was read whole.
struct FileBytes {
    var path: String
    var bytes: [UInt8]

    /// Tokenizer files are some hundred kilobytes; what is larger than this is none.
    static let largest = 256 << 20

    /// The file's bytes; nil if there is no such file.
    static func read(_ path: String) throws(WordPieceError) -> FileBytes? {
        guard let file = fopen(path, "rb") else {
            if errno == ENOENT { return nil }
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= largest else { throw .malformed(file: path, reason: "larger than \(largest >> 20) MB") }
        }
        guard ferror(file) == 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        return FileBytes(path: path, bytes: bytes)
    }
}
