import FoundationEssentials

/// Makes the relative paths of a pipeline file absolute.
///
/// A path is tried from the working directory first, as every command line does; where nothing is there, from the
/// folder of the pipeline file, so that a file moves together with its models. Where neither has it, errors name the
/// first.
struct PathResolution: Sendable {
    /// As the user named it.
    let pipelineFile: String
    let workingDirectory: String

    /// An absolute path, without `.` and `..`.
    func resolve(_ path: String) -> String {
        if path.hasPrefix("/") { return Self.standardized(path) }
        let candidates = candidates(for: path)
        return candidates.first { FileManager.default.fileExists(atPath: $0) } ?? candidates[0]
    }

    private func candidates(for path: String) -> [String] {
        let file = pipelineFile.hasPrefix("/") ? pipelineFile : workingDirectory + "/" + pipelineFile
        return [workingDirectory + "/" + path, file + "/../" + path].map(Self.standardized)
    }

    /// By the text alone: no link is followed.
    private static func standardized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
