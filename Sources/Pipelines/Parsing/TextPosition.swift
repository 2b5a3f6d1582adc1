/// A place in a pipeline file, as editors count: both numbers from 1, columns in characters.
public struct TextPosition: Sendable, Hashable, Comparable {
    /// The line.
    public let line: Int
    /// The character in the line.
    public let column: Int

    /// A place in a file.
    public init(line: Int, column: Int) { (self.line, self.column) = (line, column) }

    /// By lines, then by columns.
    public static func < (left: TextPosition, right: TextPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
