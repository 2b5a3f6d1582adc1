import Avro
import JSON
import Serving

/// Decodes messages whose schemas are known.
struct RegistryPayloadDecoder: PayloadDecoder {
    /// `auto` or `avro`.
    let format: RecordFormat
    let codecs: [SchemaFrame.Reference: RegistryDecoders.Codec]

    func decode(_ message: SourceMessage) -> DecodedPayload {
        guard let payload = message.payload, let frame = SchemaFrame(message) else {
            if format == .auto { return .plain }
            return .rejected(
                cause: "no-schema",
                reason: "the record has no schema of a schema registry, as source.format: avro expects; "
                    + "auto takes text and JSON too")
        }
        switch codecs[frame.reference] {
        case .rejected(let cause, let reason)?: return .rejected(cause: cause, reason: reason)
        case .json?:
            if format == .auto { return .json(from: frame.start) }
            return .rejected(
                cause: "not-avro", reason: "\(frame.reference) is a JSON Schema, and source.format is avro: use auto")
        case .avro(let schema)?:
            do throws(AvroError) {
                return .value(try AvroDecoder.decode(payload[frame.start...], schema: schema))
            } catch {
                return .rejected(cause: "not-avro", reason: "\(frame.reference): \(error)")
            }
        case nil:
            return .rejected(cause: "unknown-schema", reason: "\(frame.reference) was not asked for")
        }
    }
}
