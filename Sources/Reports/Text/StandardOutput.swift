import Glibc
import Synchronization

/// Standard output, buffered: results and nothing else.
///
/// Commands flush where a reader may wait for the lines, and at their end.
public final class StandardOutput: Sendable {
    /// The standard output of this process.
    public static let shared = StandardOutput(descriptor: STDOUT_FILENO)
    /// Whether standard output is a terminal: a progress bar between the lines of results would flicker.
    public static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Columns and rows of the terminal, 80 and 24 if it does not say; asked each time, since windows change.
    public static var size: (columns: Int, rows: Int) {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        return isKnown ? (Int(size.ws_col), Int(size.ws_row)) : (80, 24)
    }

    private let descriptor: Int32
    private let capacity = 1 << 16
    private let buffer = Mutex<[UInt8]>([])

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Appends a line.
    public func line(_ text: String) throws(StandardOutputError) {
        let isFull = buffer.withLock { buffer in
            buffer.append(contentsOf: text.utf8)
            buffer.append(UInt8(ascii: "\n"))
            return buffer.count >= capacity
        }
        if isFull { try flush() }
    }

    /// Writes everything that was appended.
    public func flush() throws(StandardOutputError) {
        let bytes = buffer.withLock { buffer in
            defer { buffer.removeAll(keepingCapacity: true) }
            return buffer
        }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                written += count
            } else if errno == EPIPE {
                throw .closed
            } else if errno != EINTR {
                throw .failed(reason: String(cString: strerror(errno)))
            }
        }
    }
}

/// Why a result could not be written.
public enum StandardOutputError: Error, Equatable, CustomStringConvertible {
    /// The reader has closed the pipe (EPIPE), as `head` does: not worth a message.
    case closed
    /// The system's own words.
    case failed(reason: String)

    /// The reason for a person.
    public var description: String {
        switch self {
        case .closed: "standard output is closed"
        case .failed(let reason): "standard output: \(reason)"
        }
    }
}
