import JSON

/// One condition on a message.
public enum RouteCondition: Sendable, Equatable {
    /// It came from this topic.
    case topic(String)
    /// It has a header of this name with this value (UTF-8); `nil` matches any value.
    case header(name: String, value: String?)
    /// Its key begins with these bytes (UTF-8).
    case keyPrefix(String)
    /// It is JSON and has exactly this value at the pointer.
    case json(pointer: JSONPointer, value: JSONScalar)
}

/// The tasks of the messages that meet its conditions.
public struct Route: Sendable, Equatable {
    /// All must hold; none is always true.
    public var conditions: [RouteCondition]
    /// Names of the tasks.
    public var tasks: [String]

    /// - Parameters: as the properties.
    public init(conditions: [RouteCondition] = [], tasks: [String]) {
        self.conditions = conditions
        self.tasks = tasks
    }
}
