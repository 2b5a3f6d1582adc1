import Pipelines

extension PipelineConfiguration {
    /// The task of that name, which a person gave.
    ///
    /// - Throws: which name may have been meant, if there is no such task.
    func requiredTask(_ name: String) throws(ConfigurationError) -> TaskConfiguration {
        if let task = task(name) { return task }
        let message = "there is no task \(name)" + Suggestion.text(for: name, among: tasks.map(\.name))
        throw ConfigurationError([ConfigurationProblem(file: file, key: "tasks", message: message)])
    }
}
