/// A pipeline file as far as it can be read, with everything that is wrong with it.
public struct PipelineReview: Sendable {
    /// What the file says. Where it has problems, keys are as if absent; ask ``isRight(_:)`` before you rely on one.
    public let configuration: PipelineConfiguration
    /// In the order of their lines.
    public let problems: [ConfigurationProblem]
    private let lacksKeys: Bool

    init(configuration: PipelineConfiguration, problems: ProblemCollector) {
        self.configuration = configuration
        self.problems = problems.error?.problems ?? []
        lacksKeys = problems.lacksKeys
    }

    /// The problems as an error; nil if there are none.
    var error: ConfigurationError? { problems.isEmpty ? nil : ConfigurationError(problems) }

    /// Whether the file has this key, or need not have it, without a problem in it, above it or below it.
    public func isRight(_ key: String) -> Bool {
        if lacksKeys, configuration.positions[key] == nil { return false }
        // Problems of the whole file have no key; syntax errors leave out what they concern.
        if !lacksKeys, problems.contains(where: { $0.key == nil }) { return false }
        return !problems.contains { problem in
            guard let other = problem.key else { return false }
            return Self.contains(key, other) || Self.contains(other, key)
        }
    }

    /// Whether `tasks.role` contains `tasks.role.labels[0]`, or is the same.
    private static func contains(_ key: String, _ other: String) -> Bool {
        guard other.hasPrefix(key) else { return false }
        let rest = other.dropFirst(key.count)
        return rest.isEmpty || rest.hasPrefix(".") || rest.hasPrefix("[")
    }
}
