import Pipelines

/// What `lorikeet check` found.
public struct CheckReport: Sendable, Codable, Equatable {
    /// How bad a finding is.
    public enum Severity: String, Sendable, Codable {
        /// In order; says what was checked.
        case fine
        /// The daemon would start, but an operator should know.
        case warning
        /// The daemon would not start, or could not label until somebody changes something.
        case error
    }

    /// One thing that was checked.
    public struct Finding: Sendable, Codable, Equatable, CustomStringConvertible {
        /// How bad it is.
        public var severity: Severity
        /// The pipeline file as the user named it.
        public var file: String?
        /// The line in it, from 1.
        public var line: Int?
        /// The character in the line, from 1.
        public var column: Int?
        /// The path of the key, such as `source.kafka.brokers`.
        public var key: String?
        /// What was found, for a person.
        public var message: String

        init(_ severity: Severity, _ problem: ConfigurationProblem) {
            (self.severity, message) = (severity, problem.message)
            (file, line, column, key) = (problem.file, problem.line, problem.column, problem.key)
        }

        init(_ severity: Severity, _ message: String) { (self.severity, self.message) = (severity, message) }

        /// `FILE:LINE: key: message`, as far as known.
        public var description: String {
            joined(place: line.map { "\(file ?? ""):\($0)" } ?? file ?? "", "")
        }

        /// `FILE:LINE:COLUMN: error: key: message`, as compilers write it and editors parse it.
        public var diagnostic: String {
            let place = [file, line.map(String.init), column.map(String.init)].compactMap(\.self)
            return joined(place: place.joined(separator: ":"), severity.rawValue)
        }

        private func joined(place: String, _ severity: String) -> String {
            [place, severity, key ?? "", message].filter { !$0.isEmpty }.joined(separator: ": ")
        }
    }

    /// In the order of the checks.
    public var findings: [Finding]

    /// 0, or 78 if there is an error.
    public var status: ExitStatus { findings.contains { $0.severity == .error } ? .configuration : .done }

    mutating func add(_ severity: Severity, _ message: String) {
        findings.append(Finding(severity, message))
    }

    mutating func add(_ severity: Severity, _ problem: ConfigurationProblem) {
        findings.append(Finding(severity, problem))
    }

    mutating func add(_ error: ConfigurationError) {
        for problem in error.problems { add(.error, problem) }
    }
}
