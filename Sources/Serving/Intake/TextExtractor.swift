import JSON

/// Where the text of a message is.
public enum TextExtractor: Sendable, Equatable {
    /// The message is the text. Where a registry's frame says that it is a document, the document must be a string.
    case wholeMessage
    /// The message is a document. The text is what the pointers point to, one after the other.
    case pointers([JSONPointer])

    /// The text is the string that one pointer points to.
    public static func pointer(_ pointer: JSONPointer) -> TextExtractor { .pointers([pointer]) }
}

/// What is taken out of a text before it is labelled.
public enum TextMarkup: String, Sendable, CaseIterable {
    /// Tags, comments, scripts and style sheets; character references become characters.
    case html
}
