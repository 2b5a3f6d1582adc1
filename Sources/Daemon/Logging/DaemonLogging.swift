import Logging

/// How log lines look: `--log-format`.
public enum LogFormat: String, Sendable, CaseIterable { case logfmt, json }

/// Sets up swift-log once for the process.
public enum DaemonLogging {
    /// Log lines go to standard error; with journald's priority prefixes where `JOURNAL_STREAM` says that it listens.
    /// Call it first, once.
    public static func bootstrap(format: LogFormat = .logfmt, level: Logger.Level = .info) {}
}
