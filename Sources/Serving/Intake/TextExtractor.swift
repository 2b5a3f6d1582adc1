import JSON

/// Where the text of a message is.
public enum TextExtractor: Sendable, Equatable {
    /// The message is the text.
    case wholeMessage
    /// The message is JSON, the text is the string that the pointer points to.
    case pointer(JSONPointer)
}
