/// Why a document is not valid JSON, and where.
public struct JSONSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, such as "expected a colon".
    public let reason: String
    /// From 1 up.
    public let line: Int

    /// An error on this line.
    public init(reason: String, line: Int) {
        self.reason = reason
        self.line = line
    }

    /// The line and the reason.
    public var description: String { "line \(line): \(reason)" }
}
