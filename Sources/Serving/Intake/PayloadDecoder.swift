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

/// Decodes without a registry: recognises its frame, so that no binary record is taken for a text.
public struct PlainDecoder: PayloadDecoder {
    /// `nil`: the pipeline file does not say.
    private let format: RecordFormat?

    /// - Parameter format: what payloads are; `nil`: the pipeline file does not say.
    public init(format: RecordFormat? = nil) { self.format = format }

    /// Finds the frame.
    public func decode(_ message: SourceMessage) -> DecodedPayload {
        guard let frame = SchemaFrame(message) else { return format == .json ? .json(from: 0) : .plain }
        // The frame of JSON Schema is a frame before JSON; nothing has to be looked up.
        if format == .json { return .json(from: frame.start) }
        let place = frame.start == 0 ? "has a header" : "begins with the frame"
        return .rejected(
            cause: "schema-frame",
            reason: "the record \(place) of a schema registry (\(frame.reference)): "
                + "set source.format: auto and source.schema_registry.url")
    }
}
