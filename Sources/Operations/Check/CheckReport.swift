import Pipelines

/// What `lorikeet check` found.
public struct CheckReport: Sendable, Codable, Equatable {
    public enum Severity: String, Sendable, Codable {
        /// In order; says what was looked at.
        case fine
        /// The daemon would start, but an operator should know.
        case warning
        /// The daemon would not start, or could label nothing until somebody changes something.
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

    mutating func add(_ severity: Severity, _ message: String) {
        findings.append(Finding(severity: severity, message: message))
    }

    mutating func add(_ severity: Severity, _ problem: ConfigurationProblem) {
        findings.append(
            Finding(
                severity: severity, file: problem.file, line: problem.line, key: problem.key, message: problem.message))
    }

    mutating func add(_ error: ConfigurationError) {
        for problem in error.problems { add(.error, problem) }
    }
}
