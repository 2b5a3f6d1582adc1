import ArgumentParser
import Daemon
import FoundationEssentials

/// `lorikeet reload`: what `ExecReload=` of the units runs.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reload the pipeline files of a systemd unit, and wait for the outcome.",
        discussion: """
            For ExecReload= of a unit with RuntimeDirectory=. Sends SIGHUP to the process
            in $MAINPID, and waits until it has written the outcome to $RUNTIME_DIRECTORY.
            systemd sets both. Exit status 78, with the reasons, if the daemon refuses the
            files: then it keeps those that it has.

            EXAMPLES
              ExecReload=/usr/bin/lorikeet reload            # in the unit
              systemctl reload lorikeet                      # runs it
              MAINPID=4711 RUNTIME_DIRECTORY=/run/lorikeet lorikeet reload
            """)

    func run() throws {
        try ReloadRequest(environment: ProcessInfo.processInfo.environment).run()
    }
}
