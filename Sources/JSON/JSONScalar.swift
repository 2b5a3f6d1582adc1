/// A JSON value that is neither an object nor an array.
public enum JSONScalar: Sendable, Equatable {
    case string(String)
    case number(Double)
    case boolean(Bool)
    case null
}
