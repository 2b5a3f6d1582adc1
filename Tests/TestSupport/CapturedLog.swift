import Logging

/// Keeps what a logger writes, for tests that look at what an operator sees.
public final class CapturedLog: Sendable {
    /// One log line.
    public struct Line: Sendable, CustomStringConvertible {
        /// Its level.
        public let level: Logger.Level
        /// Its text, without metadata.
        public let message: String
        /// Its metadata as text, including the logger's own.
        public let metadata: [String: String]

        /// Level, text and metadata.
        public var description: String {
            let fields = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return "\(level) \(message) \(fields.joined(separator: " "))"
        }
    }

    /// All lines so far.
    public let lines = Watched<[Line]>([])

    /// Without lines.
    public init() {}

    /// Writes everything from `debug` on.
    public var logger: Logger {
        var logger = Logger(label: "captured") { _ in Handler(log: self) }
        logger.logLevel = .debug
        return logger
    }

    /// Lines with this message, and with this metadata if it is given.
    public func lines(_ message: String, _ metadata: [String: String] = [:]) -> [Line] {
        lines.value.filter { line in
            line.message == message && metadata.allSatisfy { line.metadata[$0.key] == $0.value }
        }
    }

    /// Lines that report a side, or any, as unavailable.
    public func outages(of side: String? = nil) -> [Line] { lines(of: side, ending: " unavailable, retrying") }

    /// Lines that report it as recovered.
    public func recoveries(of side: String? = nil) -> [Line] { lines(of: side, ending: " recovered") }

    private func lines(of side: String?, ending: String) -> [Line] {
        lines.value.filter { line in side.map { line.message == $0 + ending } ?? line.message.hasSuffix(ending) }
    }

    private struct Handler: LogHandler {
        let log: CapturedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let line = Line(level: event.level, message: "\(event.message)", metadata: all.mapValues { "\($0)" })
            log.lines.update { $0.append(line) }
        }
    }
}
