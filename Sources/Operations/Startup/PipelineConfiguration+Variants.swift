import JSON
import Pipelines
import Serving

/// A pipeline as commands run it that feed its serving path from elsewhere.
extension PipelineConfiguration {
    /// The pipeline as one of its tasks sees it: records that do not lead to it are dropped.
    ///
    /// - Throws: status 64 if the pipeline does not have the task; 78 if no route leads to it.
    func restricted(to task: String) throws(CommandFailure) -> PipelineConfiguration {
        guard tasks.contains(where: { $0.name == task }) else {
            throw CommandFailure(
                .usage,
                "--task \(task): the pipeline has no such task" + Suggestion.text(for: task, among: tasks.map(\.name)))
        }
        var restricted = self
        restricted.tasks = tasks.filter { $0.name == task }
        restricted.routes = routes.filter { $0.tasks.contains(task) }.map { route in
            var route = route
            route.tasks = [task]
            return route
        }
        restricted.unrouted = .drop
        guard !restricted.routes.isEmpty else {
            throw CommandFailure(problem(at: "routes", "no route leads to \(task)"))
        }
        return restricted
    }

    /// The pipeline over rows: each record is a JSON object of the row's columns, whatever the topics hold. Where the
    /// file names no pointer to the text, it is at `/text`. The key is that of the row.
    var overRows: PipelineConfiguration {
        var pipeline = self
        (pipeline.source.format, pipeline.source.registry, pipeline.source.key) = (.json, nil, nil)
        if pipeline.source.text.allSatisfy(\.tokens.isEmpty) {
            pipeline.source.text = [Self.textOfRows].compactMap(\.self)
        }
        return pipeline
    }

    private static let textOfRows = try? JSONPointer("/text")
}
