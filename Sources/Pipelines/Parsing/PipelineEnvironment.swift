import FoundationEssentials

/// Where `${NAME}` and `${credential:NAME}` of a pipeline file and its relative paths are looked up.
public struct PipelineEnvironment: Sendable {
    /// Environment variables.
    public var variables: [String: String]
    /// The folder of systemd credentials (`$CREDENTIALS_DIRECTORY`).
    public var credentialsDirectory: String?
    /// The folder that relative paths are tried in first.
    public var workingDirectory: String

    /// An environment; without a folder of credentials, the one that `CREDENTIALS_DIRECTORY` names.
    public init(variables: [String: String], credentialsDirectory: String? = nil, workingDirectory: String) {
        self.variables = variables
        self.credentialsDirectory = credentialsDirectory ?? variables["CREDENTIALS_DIRECTORY"]
        self.workingDirectory = workingDirectory
    }

    /// A text with its references filled in, as in a pipeline file; nil if one of them cannot be.
    public func filled(_ text: String) -> String? { try? Substitution(environment: self).fill(text).text }

    /// This process's environment and working directory.
    public static var process: PipelineEnvironment {
        PipelineEnvironment(
            variables: ProcessInfo.processInfo.environment,
            workingDirectory: FileManager.default.currentDirectoryPath)
    }
}
