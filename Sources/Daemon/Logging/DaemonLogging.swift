import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// The form of log lines: `--log-format`.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `key=value` pairs.
    case logfmt
    /// One JSON object per line.
    case json
}

/// Sets up swift-log once for the process.
public enum DaemonLogging {
    private static let chosenFormat = Mutex(LogFormat.logfmt)

    /// The form of this process's lines; processes that it starts use it too.
    static var format: LogFormat { chosenFormat.withLock { $0 } }

    /// Log lines go to standard error; with journald's priority prefixes where `JOURNAL_STREAM` says that it listens.
    /// Call it first, once.
    public static func bootstrap(format: LogFormat = .logfmt, level: Logger.Level = .info) {
        chosenFormat.withLock { $0 = format }
        let isJournal = isJournal(descriptor: 2, environment: ProcessInfo.processInfo.environment)
        LoggingSystem.bootstrap { label in
            var handler = LineLogHandler(label: label, format: format, isJournal: isJournal) { Self.write($0) }
            handler.logLevel = level
            return handler
        }
    }

    /// Whether a descriptor is the socket to journald that `JOURNAL_STREAM` (`device:inode`) names.
    static func isJournal(descriptor: Int32, environment: [String: String]) -> Bool {
        var status = Glibc.stat()
        guard let stream = environment["JOURNAL_STREAM"], fstat(descriptor, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    /// One call of write(2) per line, so that lines of several threads do not mix.
    private static func write(_ line: String) {
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
