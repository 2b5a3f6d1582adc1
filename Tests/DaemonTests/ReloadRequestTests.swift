import Foundation
import Operations
import TestSupport
import Testing

@testable import Daemon

/// A process that does this shell command on SIGHUP, and has set the trap already.
private func listener(_ command: String, in folder: TemporaryFolder) async throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "trap '\(command)' HUP; echo ready; while :; do sleep 0.05; done"]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    #expect(output.fileHandleForReading.availableData == Data("ready\n".utf8))
    return process
}

private func request(_ process: Process, _ folder: TemporaryFolder) throws(CommandFailure) -> ReloadRequest {
    try ReloadRequest(
        environment: ["MAINPID": "\(process.processIdentifier)", "RUNTIME_DIRECTORY": "\(folder.path):/other"])
}

/// A time that no reload of a test begins after.
private let later = UInt64.max

@Test func aReloadThatIsAppliedEndsTheRequest() async throws {
    let folder = try TemporaryFolder()
    try ReloadReport(began: MonotonicTime(microseconds: 1), problems: ["an old problem"]).write(to: folder.path)
    let process = try await listener("echo \(later) > new; mv new reload", in: folder)
    defer { kill(process.processIdentifier, SIGKILL) }
    try request(process, folder).run()
}

@Test func aReloadThatIsRefusedGivesEveryReason() async throws {
    let folder = try TemporaryFolder()
    let process = try await listener("printf \"%s\\n\" \(later) first second > new; mv new reload", in: folder)
    defer { kill(process.processIdentifier, SIGKILL) }
    let failure = #expect(throws: CommandFailure.self) { try request(process, folder).run() }
    #expect(failure == CommandFailure(.configuration, "first\nsecond"))
}

@Test func aDaemonThatEndsInsteadOfReloadingFailsTheRequest() async throws {
    let folder = try TemporaryFolder()
    let process = try await listener("exit 1", in: folder)
    let failure = #expect(throws: CommandFailure.self) { try request(process, folder).run() }
    #expect(failure?.status == .failed && failure?.message.contains("ended before") == true, "\(failure as Any)")
}

@Test(arguments: [
    [:], ["MAINPID": "12"], ["RUNTIME_DIRECTORY": "/run"], ["MAINPID": "x", "RUNTIME_DIRECTORY": "/run"],
    ["MAINPID": "1", "RUNTIME_DIRECTORY": "/run"], ["MAINPID": "-1", "RUNTIME_DIRECTORY": "/run"],
]) func aRequestNeedsADaemonAndItsDirectory(environment: [String: String]) {
    let failure = #expect(throws: CommandFailure.self) { try ReloadRequest(environment: environment) }
    #expect(failure?.status == .usage)
}

@Test func aMissingDirectoryIsAnError() throws {
    let request = try ReloadRequest(environment: ["MAINPID": "\(getpid())", "RUNTIME_DIRECTORY": "/nonexistent"])
    let failure = #expect(throws: CommandFailure.self) { try request.run() }
    #expect(failure?.message.contains("/nonexistent") == true)
}

@Test func aReportIsReadAsItWasWritten() throws {
    let folder = try TemporaryFolder()
    #expect(try ReloadReport.read(from: folder.path) == nil)
    let report = ReloadReport(began: .now, problems: ["a.yaml:3: x: unknown key", "b"])
    try report.write(to: folder.path)
    #expect(try ReloadReport.read(from: folder.path) == report)
    #expect(report.began <= .now)
}
