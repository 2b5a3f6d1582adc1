/// Where a consumer group begins to read a partition of which it has committed no offset yet.
public enum SourceStart: Sendable, Equatable {
    /// At the first record.
    case earliest
    /// Behind the last record.
    case latest
    /// At the first record produced at this time or later, in milliseconds since 1970.
    case time(Int64)
}
