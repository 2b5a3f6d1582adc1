/// The pipelines of one daemon: one base, distinct names, one set of labels per task.
public struct DaemonConfiguration: Sendable, Equatable {
    /// In the order of the command line; at least one.
    public let pipelines: [PipelineConfiguration]
    /// The folder of the one base.
    public let base: String
    /// The type in which it computes.
    public let dtype: PrecisionSetting

    /// Reads the files and checks that they fit together.
    ///
    /// - Throws: the problems of all files; or which files name another base, the same pipeline, or other labels for a
    ///   task.
    public static func read(
        files: [String], environment: PipelineEnvironment = .process
    ) throws(ConfigurationError) -> DaemonConfiguration {
        let (reviews, problems) = review(files: files, environment: environment)
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        guard let configuration = DaemonConfiguration(pipelines: reviews.map(\.configuration)) else {
            throw ConfigurationError([ConfigurationProblem(file: "lorikeet", message: "no pipeline file is given")])
        }
        return configuration
    }

    /// Reads as much of the files as can be read.
    ///
    /// - Returns: the files one by one, and the problems of all of them, with those of files that do not fit together.
    public static func review(
        files: [String], environment: PipelineEnvironment = .process
    ) -> (files: [PipelineReview], problems: [ConfigurationProblem]) {
        let reviews = files.map { PipelineFile.review(path: $0, environment: environment) }
        var problems = reviews.flatMap(\.problems)
        let pipelines = reviews.filter(\.problems.isEmpty).map(\.configuration)
        for index in pipelines.indices.dropFirst() {
            problems += conflicts(of: pipelines[index], with: pipelines[..<index])
        }
        return (reviews, problems)
    }

    /// Pipelines that fit together; nil if there are none.
    public init?(pipelines: [PipelineConfiguration]) {
        guard let first = pipelines.first else { return nil }
        (self.pipelines, base, dtype) = (pipelines, first.base, first.dtype)
    }

    /// What a pipeline may not share, or must share, with those before it.
    private static func conflicts(
        of pipeline: PipelineConfiguration, with others: ArraySlice<PipelineConfiguration>
    ) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if let twin = others.first(where: { $0.name == pipeline.name }) {
            problems.append(pipeline.problem(at: "name", "\(twin.file) has the same name, \(pipeline.name)"))
        }
        if let first = others.first, first.base != pipeline.base {
            problems.append(
                pipeline.problem(
                    at: "base", "the pipelines of a daemon share one base, but \(first.file) names \(first.base)"))
        }
        if let first = others.first, first.dtype != pipeline.dtype {
            problems.append(
                pipeline.problem(
                    at: "dtype",
                    "the pipelines of a daemon share one base in one type, but \(first.file) says \(first.dtype)"))
        }
        if let direct = pipeline.sink.postgresDirect,
            let other = others.first(where: {
                $0.sink.postgres == pipeline.sink.postgres && $0.sink.postgresDirect.map { $0 != direct } ?? false
            })
        {
            problems.append(
                pipeline.problem(at: "sink.postgres_direct", "\(other.file) gives another one for the same database"))
        }
        for task in pipeline.tasks {
            guard let other = others.first(where: { $0.task(task.name) != nil }), let same = other.task(task.name)
            else { continue }
            problems += conflicts(of: task, in: pipeline, with: same, in: other)
        }
        return problems
    }

    /// What two pipelines must say alike of a task that both have.
    private static func conflicts(
        of task: TaskConfiguration, in pipeline: PipelineConfiguration, with same: TaskConfiguration,
        in other: PipelineConfiguration
    ) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        func add(_ key: String, _ difference: String) {
            problems.append(
                pipeline.problem(
                    at: "tasks.\(task.name).\(key)",
                    "the pipelines of a database share their tasks, but \(other.file) \(difference)"))
        }
        if Set(same.labels) != Set(task.labels) { add("labels", "gives this task other labels") }
        if same.mapping != task.mapping { add("labels", "renames, merges or retires other labels") }
        if let one = same.isMultiLabel, let two = task.isMultiLabel, one != two { add("multi_label", "says \(one)") }
        if same.longTexts != task.longTexts { add("long_texts", "reads long texts otherwise") }
        return problems
    }
}

extension DaemonConfiguration {
    /// The pipelines by the connection string of their database.
    public var databases: [String: [PipelineConfiguration]] {
        Dictionary(grouping: pipelines) { $0.sink.postgres.value }
    }

    /// The connections to the servers themselves, where files name them, by the connection string of the database.
    public var directConnections: [String: Secret] {
        databases.compactMapValues { pipelines in pipelines.lazy.compactMap(\.sink.postgresDirect).first }
    }
}
