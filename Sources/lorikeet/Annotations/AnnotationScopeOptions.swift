import ArgumentParser
import Operations

/// TASK, `--pipeline` and `--database` of `annotations queue` and `annotations import`.
struct AnnotationScopeOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Option(pipeline: "The pipeline file. It names database, base and labels.")
    var pipeline: String

    @Option(
        help: ArgumentHelp(
            "The database in place of the pipeline file's, such as with a role that may insert annotations.",
            valueName: "url"))
    var database: String?

    /// Reads the pipeline file.
    func scope() throws -> AnnotationScope { try AnnotationScope(task: task, file: pipeline, database: database) }
}
