import Logging

/// Sends a log event to journald with its fields, by which `journalctl` filters: `LORIKEET_PIPELINE=tickets`.
///
/// The message has the fields too, so that `journalctl` shows them.
struct JournalLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let send: @Sendable ([UInt8]) -> Bool
    /// For what journald does not take: the same event as a line.
    private let fallback: LineLogHandler

    /// Where journald listens for its native protocol.
    static let address = "/run/systemd/journal/socket"

    /// - Parameters:
    ///   - label: of the logger.
    ///   - send: sends a datagram, and says whether it could.
    ///   - fallback: writes an event that was not sent.
    init(label: String, send: @escaping @Sendable ([UInt8]) -> Bool, fallback: LineLogHandler) {
        (self.label, self.send, self.fallback) = (label, send, fallback)
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }
        if send(Self.datagram(LogFields(event, label: label, metadata: all))) { return }
        var fallback = fallback
        fallback.metadata = all
        fallback.log(event: event)
    }

    // MARK: - The protocol

    static func datagram(_ fields: LogFields) -> [UInt8] {
        let details = LogText.logfmt(fields.others)
        let message = LogText.line(fields.message) + (details.isEmpty ? "" : " " + details)
        var bytes: [UInt8] = []
        append("MESSAGE", message, to: &bytes)
        append("PRIORITY", "\(fields.level.journalPriority)", to: &bytes)
        append("SYSLOG_IDENTIFIER", "lorikeet", to: &bytes)
        // The event by itself, to be counted or filtered whatever its fields are.
        append("LORIKEET_EVENT", LogText.line(fields.message), to: &bytes)
        if let logger = fields.logger { append("LORIKEET_LOGGER", logger, to: &bytes) }
        for (key, value) in fields.others { append(name(key), value, to: &bytes) }
        return bytes
    }

    /// What journald allows in a name: capital letters, digits and `_`, at most 64 of them.
    private static func name(_ key: String) -> String {
        let word = key.uppercased().utf8.map { byte in
            UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                ? byte : UInt8(ascii: "_")
        }
        return String(decoding: Array("LORIKEET_".utf8) + word.prefix(55), as: UTF8.self)
    }

    /// `NAME=value` and the end of a line; or, for a value that has several lines, its length in eight bytes.
    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes += Array(name.utf8)
        if value.utf8.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            let count = UInt64(value.utf8.count)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += Array(value.utf8) + [UInt8(ascii: "\n")]
    }
}
