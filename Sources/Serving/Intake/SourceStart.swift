/// Where a consumer group begins to read a topic that is new to it.
public enum SourceStart: Sendable, Equatable {
    /// At the first record.
    case earliest
    /// Behind the last record.
    case latest
    /// At the first record produced at this time or later, in milliseconds since 1970.
    case time(Int64)
}
