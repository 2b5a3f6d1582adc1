import FoundationEssentials
import Glibc
import Threading

/// This program, started again as a process of its own: what the lab runs is what a user runs.
enum OwnProgram {
    /// The executable that is running now, even after a new build has replaced its file.
    static let path = "/proc/\(getpid())/exe"

    /// This process's environment with some variables changed.
    static func environment(adding variables: [String: String]) -> [String: String] {
        ProcessInfo.processInfo.environment.merging(variables) { $1 }
    }

    /// Runs a command such as `adapters rollback role` to its end.
    ///
    /// - Returns: the exit status, and standard output and standard error together. Cancellation sends SIGTERM.
    static func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (status: Int32, output: String) {
        let child = try ChildProcess(
            program: path, arguments: arguments, environment: self.environment(adding: environment), capture: .both)
        let ending = await withTaskCancellationHandler {
            await child.ending()
        } onCancel: {
            child.terminate()
        }
        try Task.checkCancellation()
        return (ending.status, String(decoding: ending.output, as: UTF8.self))
    }
}
