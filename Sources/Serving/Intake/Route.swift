import JSON

/// What a message must have for a route to want it.
public enum RouteCondition: Sendable, Equatable {
    /// It came from this topic.
    case topic(String)
    /// It has a header of this name with this value (UTF-8); `nil` is satisfied by any value.
    case header(name: String, value: String?)
    /// Its key begins with these bytes (UTF-8).
    case keyPrefix(String)
    /// It is JSON and has exactly this value at the pointer.
    case json(pointer: JSONPointer, value: JSONScalar)
}

/// Tasks for messages of a kind.
public struct Route: Sendable, Equatable {
    /// All must hold; none is always true.
    public var conditions: [RouteCondition]
    public var tasks: [String]

    public init(conditions: [RouteCondition] = [], tasks: [String]) {
        self.conditions = conditions
        self.tasks = tasks
    }
}
