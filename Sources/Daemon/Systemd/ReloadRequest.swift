import DaemonClient
import Files
import Glibc
import Operations
import Threading

/// Asks a daemon under systemd to reload its pipeline files, and waits for the outcome: what `ExecReload=` runs.
public struct ReloadRequest: Sendable {
    private let processID: Int32
    private let folder: String

    /// How often it looks whether the daemon still runs, while nothing changes in the folder.
    private static let interval = Duration.seconds(1)

    /// - Parameter environment: `MAINPID` and `RUNTIME_DIRECTORY`, which systemd sets.
    /// - Throws: status 64 without them.
    public init(environment: [String: String]) throws(CommandFailure) {
        guard let processID = environment["MAINPID"].flatMap({ Int32($0) }), processID > 1,
            let folder = SystemdFolder.runtime.path(in: environment)
        else {
            throw CommandFailure(
                .usage,
                "MAINPID and RUNTIME_DIRECTORY are not set. systemd sets them for ExecReload=: "
                    + "run systemctl reload lorikeet, or send the daemon SIGHUP")
        }
        (self.processID, self.folder) = (processID, folder)
    }

    /// Returns once the files are in force.
    ///
    /// - Throws: status 78 with every reason for which the daemon refused them, 1 if it cannot be asked or ends.
    public func run() throws(CommandFailure) {
        let descriptor = try watchFolder()
        defer { close(descriptor) }
        let requested = MonotonicTime.now
        guard kill(processID, SIGHUP) == 0 else { throw failure("kill") }
        while true {
            if let report = try report(), report.began >= requested {
                if report.problems.isEmpty { return }
                throw CommandFailure(.configuration, report.problems.joined(separator: "\n"))
            }
            guard kill(processID, 0) == 0 else {
                throw CommandFailure(.failed, "the daemon ended before it had reloaded its files")
            }
            _ = Poll.wait(for: descriptor, deadline: .now + Self.interval)
            var events = [UInt8](repeating: 0, count: 4096)
            _ = read(descriptor, &events, events.count)
        }
    }

    /// A descriptor that is readable after the report has been replaced. The watch begins before the signal is sent.
    private func watchFolder() throws(CommandFailure) -> Int32 {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw failure("inotify") }
        guard inotify_add_watch(descriptor, folder, UInt32(IN_MOVED_TO)) >= 0 else {
            let failure = failure(folder)
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    private func report() throws(CommandFailure) -> ReloadReport? {
        do throws(FileError) {
            return try ReloadReport.read(from: folder)
        } catch {
            throw CommandFailure(.failed, "\(folder)/\(ReloadReport.fileName): \(error)")
        }
    }

    private func failure(_ call: String) -> CommandFailure {
        CommandFailure(.failed, "\(SystemError(call, code: errno))")
    }
}
