import FoundationEssentials
import Logging

/// Formats a log event as one line of logfmt or JSON.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: LogFormat
    /// journald has its own time, and reads the level from a prefix.
    private let isJournal: Bool
    private let hasColors: Bool
    private let now: @Sendable () -> Date
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - label: of the logger.
    ///   - format: JSON, or logfmt for every other.
    ///   - isJournal: whether journald reads the lines.
    ///   - hasColors: whether a terminal shows the lines; only logfmt has colours.
    ///   - now: the time.
    ///   - write: takes each line with its end.
    init(
        label: String, format: LogFormat, isJournal: Bool, hasColors: Bool = false,
        now: @escaping @Sendable () -> Date = { Date() }, write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        self.format = format
        self.isJournal = isJournal
        self.hasColors = hasColors
        self.now = now
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = LogFields(
            event, label: label, metadata: metadata.merging(metadataProvider?.get() ?? [:]) { $1 })
        var all: [(key: String, value: String)] = isJournal ? [] : [("time", Self.time(now()))]
        all += [("level", fields.level.rawValue), ("msg", fields.message)] + fields.details
        let line =
            format == .json ? LogText.json(all) : hasColors ? Self.colored(all, fields.level) : LogText.logfmt(all)
        write((isJournal ? "<\(event.level.journalPriority)>" : "") + line + "\n")
    }

    private static func time(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    // MARK: - Colours

    /// The same text, with keys in the background and the level as loud as it is.
    private static func colored(_ fields: [(key: String, value: String)], _ level: Logger.Level) -> String {
        fields.map { key, value in
            let value = LogText.value(value)
            let style = key == "level" ? self.style(of: level) : key == "msg" ? "1" : nil
            return "\u{1B}[2m\(LogText.key(key))=\u{1B}[0m" + (style.map { "\u{1B}[\($0)m\(value)\u{1B}[0m" } ?? value)
        }.joined(separator: " ")
    }

    /// Red, yellow, cyan; nothing for what happens all the time.
    private static func style(of level: Logger.Level) -> String? {
        switch level {
        case .critical, .error: "31"
        case .warning: "33"
        case .notice: "36"
        case .info, .debug, .trace: nil
        }
    }
}
