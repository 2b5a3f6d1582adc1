/// One thing that is wrong with a pipeline file.
public struct ConfigurationProblem: Sendable, Equatable, Hashable, CustomStringConvertible {
    /// The file as the user named it.
    public let file: String
    /// The line, from 1; nil for the whole file.
    public let line: Int?
    /// The character in the line, from 1; nil where there is no line, or where nothing says more than the line.
    public let column: Int?
    /// The path of the key from the top, such as `source.kafka.brokers` or `routes[0].when`; nil for the whole file.
    public let key: String?
    /// What is wrong, and where it helps, what would be right. Never a value that came from the environment.
    public let message: String

    /// A problem of a file, or of one of its keys.
    public init(file: String, line: Int? = nil, column: Int? = nil, key: String? = nil, message: String) {
        (self.file, self.line, self.column, self.key, self.message) = (file, line, column, key, message)
    }

    /// A problem at a place of a file.
    public init(file: String, at position: TextPosition?, key: String?, message: String) {
        self.init(file: file, line: position?.line, column: position?.column, key: key, message: message)
    }

    /// `FILE:LINE: key: what is wrong`.
    public var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return key.map { "\(place): \($0): \(message)" } ?? "\(place): \(message)"
    }
}

/// Everything that is wrong with the pipeline files, in the order of their lines.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one.
    public let problems: [ConfigurationProblem]

    /// An error of at least one problem.
    public init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    /// One line per problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
