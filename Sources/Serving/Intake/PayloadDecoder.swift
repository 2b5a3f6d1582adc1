import JSON

/// A payload as pointers look into it.
public enum DecodedPayload: Sendable, Equatable {
    /// Text, or JSON where the pipeline's pointers ask for it.
    case plain
    /// A JSON document that begins at this byte.
    case json(from: Int)
    /// The value of a binary format.
    case value(JSONValue)
    /// It cannot be decoded, with what ``Rejection`` says about it.
    case rejected(cause: String, reason: String)
}

/// Decodes the payload of one message. Never throws and never waits.
public protocol PayloadDecoder: Sendable {
    /// - Parameter message: has a payload.
    func decode(_ message: SourceMessage) -> DecodedPayload
}

/// Finds what is needed to decode messages, such as the schemas of a registry.
public protocol DecoderSource: Sendable {
    /// A decoder that knows everything that these messages need.
    ///
    /// - Throws: `.retry` while that cannot be had; nothing is lost.
    func decoder(for messages: [SourceMessage]) async throws(ConnectorError) -> any PayloadDecoder

    /// Frees what it holds.
    func close() async
}
