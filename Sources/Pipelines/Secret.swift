/// A text that may hold a password: it goes where it is needed and is shown nowhere.
///
/// Descriptions, debug descriptions and mirrors of a secret, and of everything that contains one, show dots.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself. Pass it on to the library that needs it; never log it.
    public let value: String

    /// Hides a text.
    public init(_ value: String) { self.value = value }

    /// Dots.
    public var description: String { "•••" }
    /// Dots.
    public var debugDescription: String { "•••" }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
