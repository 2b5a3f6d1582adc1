import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// The form of log lines: `--log-format`.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `journal` where journald listens, else `logfmt`.
    case auto
    /// `key=value` pairs; with colours on a terminal.
    case logfmt
    /// One JSON object per line.
    case json
    /// Fields of journald.
    case journal
}

/// Sets up swift-log once for the process.
public enum DaemonLogging {
    private static let chosenFormat = Mutex(LogFormat.logfmt)

    /// The form of this process's lines, as it was asked for; processes that it starts use it too.
    static var format: LogFormat { chosenFormat.withLock { $0 } }

    /// Whether standard error goes to journald.
    public static let standardErrorIsJournal = isJournal(
        descriptor: 2, environment: ProcessInfo.processInfo.environment)

    /// Log events go to journald, or as lines to standard error; with journald's priority prefixes where
    /// `JOURNAL_STREAM` says that it reads them. Call it first, once.
    public static func bootstrap(format: LogFormat = .auto, level: Logger.Level = .info) {
        chosenFormat.withLock { $0 = format }
        let isJournal = standardErrorIsJournal
        let hasColors = hasColors(
            isTerminal: isatty(2) == 1, environment: ProcessInfo.processInfo.environment)
        let usesJournal = format == .journal || format == .auto && isJournal
        let journal = usesJournal ? UnixDatagram(address: JournalLogHandler.address) : nil
        LoggingSystem.bootstrap { label in
            let lines = LineLogHandler(label: label, format: format, isJournal: isJournal, hasColors: hasColors) {
                Self.write($0)
            }
            var handler: any LogHandler = lines
            if let journal { handler = JournalLogHandler(label: label, send: journal.send, fallback: lines) }
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

    /// Colours are for a terminal that has them, unless the user says no (`NO_COLOR`).
    public static func hasColors(isTerminal: Bool, environment: [String: String]) -> Bool {
        isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM", default: "dumb"] != "dumb"
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
