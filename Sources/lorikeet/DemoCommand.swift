import ArgumentParser
import Daemon

/// `lorikeet demo`: its place on the command line until `Demo/` takes it.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "demo", abstract: "Show the whole thing on this machine.")

    func run() async throws { throw CommandFailure(.failed, "the demo is not built yet") }
}
