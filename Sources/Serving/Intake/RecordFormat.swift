/// What the payloads of a source are.
public enum RecordFormat: String, Sendable, CaseIterable {
    /// What the schema registry says of a framed record; a record without a frame is text or JSON.
    case auto
    /// Text.
    case text
    /// JSON, with or without a frame.
    case json
    /// Avro behind a schema registry.
    case avro
}

/// What happens to a message without a payload: a tombstone of a compacted topic.
public enum NullPayloadPolicy: String, Sendable, CaseIterable {
    /// It is stored as rejected.
    case reject
    /// It is counted and forgotten.
    case drop
}
