import JSON

/// Finds the tasks that want a message: every route whose conditions hold counts, each task once, in the order of the routes.
public struct Router: Sendable, Equatable {
    public let routes: [Route]

    public init(routes: [Route]) {
        self.routes = routes
    }

    /// All tasks that some route names.
    public var tasks: [String] { unique(routes.flatMap(\.tasks)) }

    /// Pointers that conditions look at.
    var pointers: [JSONPointer] {
        routes.flatMap(\.conditions).compactMap { if case .json(let pointer, _) = $0 { pointer } else { nil } }
    }

    /// - Parameter value: the scalar at a pointer; `nil` where there is none or the message is not JSON.
    func tasks(for message: SourceMessage, value: (JSONPointer) -> JSONScalar?) -> [String] {
        let matching = routes.filter { route in
            route.conditions.allSatisfy { holds($0, for: message, value: value) }
        }
        return matching.count == 1 ? matching[0].tasks : unique(matching.flatMap(\.tasks))
    }

    private func holds(
        _ condition: RouteCondition, for message: SourceMessage, value: (JSONPointer) -> JSONScalar?
    ) -> Bool {
        switch condition {
        case .topic(let topic): message.origin.topic == topic
        case .header(let name, let wanted):
            message.headers.contains { header in
                guard header.name == name else { return false }
                guard let wanted else { return true }
                return header.value.map { $0.elementsEqual(wanted.utf8) } ?? false
            }
        case .keyPrefix(let prefix): message.key?.starts(with: prefix.utf8) ?? false
        case .json(let pointer, let wanted): value(pointer) == wanted
        }
    }

    private func unique(_ tasks: [String]) -> [String] {
        var seen: Set<String> = []
        return tasks.filter { seen.insert($0).inserted }
    }
}
