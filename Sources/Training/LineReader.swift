import Foundation

/// A file, or standard input, as lines of bytes.
struct LineReader {
    /// As errors show it.
    let name: String
    /// Without line ends; the empty piece after the last line end left out.
    let lines: [ArraySlice<UInt8>]

    init(path: String) throws(DatasetError) {
        name = path == "-" ? "standard input" : path
        var bytes = try Self.bytes(path, name: name)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { $0.last == 0x0D ? $0.dropLast() : $0 }
        while lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
    }

    private static func bytes(_ path: String, name: String) throws(DatasetError) -> [UInt8] {
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: name, reason: String(cString: strerror(errno))) }
        defer { if descriptor > 0 { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count > 0 {
                bytes.append(contentsOf: chunk[..<count])
            } else if count == 0 {
                return bytes
            } else if errno != EINTR {
                throw .unreadable(file: name, reason: String(cString: strerror(errno)))
            }
        }
    }
}
