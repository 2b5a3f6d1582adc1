import Glibc

/// The bytes of a file or of standard input, without a byte-order mark.
public struct SourceBytes {
    /// The name that errors show.
    let name: String
    let bytes: ArraySlice<UInt8>

    init(path: String) throws(DatasetError) {
        name = path == "-" ? "standard input" : path
        let bytes = try Self.bytes(path, name: name)[...]
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw .unreadable(file: name, reason: "it is UTF-16, not UTF-8")
        }
        self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
    }

    /// The lines without their line ends, and without empty lines at the end.
    var lines: [ArraySlice<UInt8>] { Self.lines(bytes) }

    static func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { $0.last == 0x0D ? $0.dropLast() : $0 }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func bytes(_ path: String, name: String) throws(DatasetError) -> [UInt8] {
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: name, reason: String(cString: strerror(errno))) }
        defer { if descriptor > 0 { close(descriptor) } }
        var bytes: [UInt8] = []
        var status = stat()
        // With the size of a file the array never grows.
        if fstat(descriptor, &status) == 0, status.st_size > 0 { bytes.reserveCapacity(Int(status.st_size)) }
        while true {
            let piece = try next(of: descriptor, name: name)
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    /// Waits for bytes and returns those that are there, at most 256 KiB; none at the end.
    ///
    /// - Parameter name: of the source, for the error.
    public static func next(of descriptor: Int32, name: String) throws(DatasetError) -> [UInt8] {
        let size = 1 << 18
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
            var result = read(descriptor, bytes.baseAddress, size)
            while result < 0, errno == EINTR { result = read(descriptor, bytes.baseAddress, size) }
            if result < 0 { failure = errno }
            count = max(0, result)
        }
        guard failure == 0 else { throw .unreadable(file: name, reason: String(cString: strerror(failure))) }
        return bytes
    }
}
