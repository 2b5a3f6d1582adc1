/// What the values of a result's column are, as far as it changes how their text is to be read.
public enum PostgresColumnKind: Sendable, Equatable {
    /// Written `t` or `f`.
    case boolean
    /// Elements written `t` or `f`.
    case booleans
    /// Whatever stands there is text, be it `{…}`.
    case text
    case json
    /// Numbers, times, arrays, types of the user's own.
    case other

    /// - Parameter oid: PostgreSQL's numbers of its built-in types, which never change.
    init(oid: UInt32) {
        switch oid {
        case 16: self = .boolean
        case 1000: self = .booleans
        // "char", name, text, unknown, bpchar, varchar.
        case 18, 19, 25, 705, 1042, 1043: self = .text
        // json, jsonb.
        case 114, 3802: self = .json
        default: self = .other
        }
    }
}
