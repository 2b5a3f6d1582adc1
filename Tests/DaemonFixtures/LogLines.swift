import Logging
import Synchronization

@testable import Daemon

/// Keeps the lines that a logger writes, as the daemon formats them.
public final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    public init() {}

    public var all: [String] { lines.withLock { $0 } }
    public func count(containing text: String) -> Int { all.count { $0.contains(text) } }

    public var logger: Logger {
        Logger(label: "lorikeet") { label in
            LineLogHandler(label: label, format: .logfmt, isJournal: false) { line in
                self.lines.withLock { $0.append(line) }
            }
        }
    }
}
