import JSON

/// Finds the tasks of a message: those of every route that matches, each once, in the order of the routes.
public struct Router: Sendable, Equatable {
    /// In the order of the pipeline file.
    public let routes: [Route]

    /// - Parameter routes: in the order of the pipeline file.
    public init(routes: [Route]) {
        self.routes = routes
    }

    /// All tasks that some route names.
    public var tasks: [String] { unique(routes.flatMap(\.tasks)) }

    /// Pointers that conditions look at.
    var pointers: [JSONPointer] {
        routes.flatMap(\.conditions).compactMap { if case .json(let pointer, _) = $0 { pointer } else { nil } }
    }

    /// - Parameter value: the scalar at a pointer; `nil` where there is none or the payload is not JSON.
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
        case .header(let name, let required):
            message.headers.contains { header in
                guard header.name == name else { return false }
                guard let required else { return true }
                return header.value.map { $0.elementsEqual(required.utf8) } ?? false
            }
        case .keyPrefix(let prefix): message.key?.starts(with: prefix.utf8) ?? false
        case .json(let pointer, let required): value(pointer) == required
        }
    }

    private func unique(_ tasks: [String]) -> [String] {
        var seen: Set<String> = []
        return tasks.filter { seen.insert($0).inserted }
    }
}
