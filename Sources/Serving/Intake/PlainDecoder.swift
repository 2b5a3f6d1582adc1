import JSON

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
