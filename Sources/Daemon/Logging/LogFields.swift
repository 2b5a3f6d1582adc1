import FoundationEssentials
import Logging

/// What a log event says, in the order in which every format writes it.
struct LogFields {
    let level: Logger.Level
    let message: String
    /// Nil for the daemon's own logger.
    let logger: String?
    /// By key.
    let others: [(key: String, value: String)]

    /// - Parameters:
    ///   - label: of the logger.
    ///   - metadata: of the logger, which that of the event overrides.
    init(_ event: LogEvent, label: String, metadata: Logger.Metadata) {
        level = event.level
        message = event.message.description
        logger = label == "lorikeet" ? nil : label
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        var others = all.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value.description) }
        if let error = event.error { others.append(("error", String(describing: error))) }
        self.others = others
    }

    /// Everything but level and message, as a line of logfmt or JSON has it.
    var details: [(key: String, value: String)] { (logger.map { [("logger", $0)] } ?? []) + others }
}

extension Logger.Level {
    /// The priority of syslog(3).
    var journalPriority: Int {
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
