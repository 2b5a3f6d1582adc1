import Foundation

/// Relative paths of a pipeline file.
///
/// A path is tried from the working directory first, as every command line does; where nothing is there, from the
/// folder of the pipeline file, so that a file moves together with its models. Where neither has it, errors name both.
enum PathResolution {
    /// An absolute path, without `.` and `..`.
    static func resolve(_ path: String, pipelineFile: String, environment: PipelineEnvironment) -> String {
        if path.hasPrefix("/") { return standardized(path) }
        let candidates = candidates(for: path, pipelineFile: pipelineFile, environment: environment)
        return candidates.first { FileManager.default.fileExists(atPath: $0) } ?? candidates[0]
    }

    private static func candidates(
        for path: String, pipelineFile: String, environment: PipelineEnvironment
    ) -> [String] {
        let working = standardized(environment.workingDirectory + "/" + path)
        let file = pipelineFile.hasPrefix("/") ? pipelineFile : environment.workingDirectory + "/" + pipelineFile
        let beside = standardized((file as NSString).deletingLastPathComponent + "/" + path)
        return [working, beside]
    }

    private static func standardized(_ path: String) -> String { (path as NSString).standardizingPath }
}
