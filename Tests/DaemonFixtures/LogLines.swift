import Logging
import Synchronization

@testable import Daemon

/// Keeps the lines that a logger writes, as the daemon formats them.
public final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    /// Without lines.
    public init() {}

    /// All lines so far.
    public var all: [String] { lines.withLock { $0 } }
    /// How many lines hold this text.
    public func count(containing text: String) -> Int { all.count { $0.contains(text) } }

    /// A logger in the daemon's format.
    public var logger: Logger {
        Logger(label: "lorikeet") { label in
            LineLogHandler(label: label, format: .logfmt, isJournal: false) { line in
                self.lines.withLock { $0.append(line) }
            }
        }
    }
}
