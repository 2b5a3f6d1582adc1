import FoundationEssentials
import JSON
import Logging

/// Formats a log event as one line.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: LogFormat
    /// journald has its own time, and reads the level from a prefix.
    private let isJournal: Bool
    private let now: @Sendable () -> Date
    private let write: @Sendable (String) -> Void

    init(
        label: String, format: LogFormat, isJournal: Bool, now: @escaping @Sendable () -> Date = { Date() },
        write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        self.format = format
        self.isJournal = isJournal
        self.now = now
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields: [(String, String)] = []
        if !isJournal { fields.append(("time", Self.time(now()))) }
        fields.append(("level", event.level.rawValue))
        fields.append(("msg", event.message.description))
        if label != "lorikeet" { fields.append(("logger", label)) }
        var all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }
        all.merge(event.metadata ?? [:]) { $1 }
        fields += all.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        if let error = event.error { fields.append(("error", String(describing: error))) }
        let line = format == .json ? Self.json(fields) : Self.logfmt(fields)
        write((isJournal ? "<\(event.level.journalPriority)>" : "") + line + "\n")
    }

    private static func time(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// `key=value key="value with blanks"`.
    static func logfmt(_ fields: [(String, String)]) -> String {
        fields.map { key, value in
            let isPlain =
                !value.isEmpty
                && value.unicodeScalars.allSatisfy {
                    $0 > " " && $0 != "\"" && $0 != "=" && $0 != "\\" && !(0x7F...0x9F).contains($0.value)
                        && !(0x2028...0x2029).contains($0.value)
                }
            return "\(bare(key))=" + (isPlain ? value : quoted(value))
        }.joined(separator: " ")
    }

    /// A key as logfmt allows it: blanks, quotes and equals signs become `_`.
    private static func bare(_ key: String) -> String {
        let isPlain: (Unicode.Scalar) -> Bool = {
            $0.properties.isAlphabetic || "0"..."9" ~= $0 || "_.-/".unicodeScalars.contains($0)
        }
        let scalars = key.unicodeScalars.map { isPlain($0) ? $0 : "_" }
        return scalars.isEmpty ? "_" : String(String.UnicodeScalarView(scalars))
    }

    static func json(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}"
    }

    /// A JSON string: also what logfmt readers expect between quotation marks.
    private static func quoted(_ text: String) -> String {
        var quoted = ""
        JSONValue.write(text, to: &quoted)
        guard quoted.unicodeScalars.contains(where: isC1Control) else { return quoted }
        // JSON allows the controls U+0080 to U+009F; some of them end a line for a terminal.
        return quoted.unicodeScalars.map { isC1Control($0) ? "\\u00" + String($0.value, radix: 16) : String($0) }
            .joined()
    }

    private static func isC1Control(_ scalar: Unicode.Scalar) -> Bool { (0x80...0x9F).contains(scalar.value) }
}

extension Logger.Level {
    /// The priority of syslog(3).
    fileprivate var journalPriority: Int {
        switch self {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}
