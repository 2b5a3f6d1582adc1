/// Where a group begins to read a topic that is new to it.
public enum ConsumerStart: Sendable, Equatable {
    /// As `auto.offset.reset` says: at the first message, unless it is set.
    case byDefault
    /// Behind the last message.
    case latest
    /// At the first message with this timestamp or a later one, in milliseconds since 1970.
    case time(Int64)
}
