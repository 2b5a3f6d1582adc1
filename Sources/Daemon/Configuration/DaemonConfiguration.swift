/// The pipelines of one daemon: one base, distinct names.
public struct DaemonConfiguration: Sendable, Equatable {
    /// In the order of the command line; at least one.
    public let pipelines: [PipelineConfiguration]

    /// The folder of the one base.
    public var base: String { pipelines[0].base }

    /// Reads the files and checks that they fit together.
    ///
    /// - Throws: the problems of all files; or which files name another base, the same pipeline or differing labels of a task.
    public static func read(
        files: [String], environment: PipelineEnvironment = .process
    ) throws(ConfigurationError) -> DaemonConfiguration {
        throw ConfigurationError([])
    }
}
