/// `lorikeet check`: validates everything, changes nothing.
public enum PipelineCheck {
    public struct Options: Sendable {
        /// Whether the database is asked for its schema and live adapters.
        public var database: Bool
        /// Whether the broker is asked for the topics.
        public var broker: Bool
        public var environment: PipelineEnvironment

        public init(database: Bool = true, broker: Bool = true, environment: PipelineEnvironment = .process) {
            (self.database, self.broker, self.environment) = (database, broker, environment)
        }
    }

    /// Checks files, base, adapters, and where asked for database and broker.
    public static func run(files: [String], options: Options = Options()) async -> CheckReport {
        CheckReport(findings: [])
    }
}

/// What `lorikeet check` found.
public struct CheckReport: Sendable, Codable, Equatable {
    public enum Severity: String, Sendable, Codable {
        /// In order; says what was looked at.
        case fine
        /// The daemon would start, but an operator should know.
        case warning
        /// The daemon would not start, or wait.
        case error
    }

    public struct Finding: Sendable, Codable, Equatable, CustomStringConvertible {
        public var severity: Severity
        public var file: String?
        public var line: Int?
        public var key: String?
        public var message: String

        /// `FILE:LINE: key: message`, as far as known.
        public var description: String {
            var place = file ?? ""
            if let line { place += ":\(line)" }
            return [place, key ?? "", message].filter { !$0.isEmpty }.joined(separator: ": ")
        }
    }

    public var findings: [Finding]

    /// 0, or 78 if there is an error.
    public var status: ExitStatus { findings.contains { $0.severity == .error } ? .configuration : .done }
}
