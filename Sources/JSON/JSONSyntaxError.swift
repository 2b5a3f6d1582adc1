/// Why a document is not JSON, and where.
public struct JSONSyntaxError: Error, Equatable, Sendable {
    public var reason: String
    public var line: Int

    public init(reason: String, line: Int) {
        self.reason = reason
        self.line = line
    }
}

extension JSONSyntaxError: CustomStringConvertible {
    public var description: String { "line \(line): \(reason)" }
}
