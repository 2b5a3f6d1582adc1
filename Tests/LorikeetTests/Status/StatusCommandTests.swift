import DaemonClient
import Foundation
import TestSupport
import Testing

@testable import Lab

/// The commands as a person runs them, beside a real daemon.
@Suite(.scratch, .serialized) struct StatusCommandTests {
    @Test func aDaemonUnderSystemdIsAskedWithoutOptions() async throws {
        try await DeliveryStream.with { stream in
            let folder = try TemporaryFolder()
            let systemd = ["RUNTIME_DIRECTORY": folder.path]
            let daemon = try await stream.startDaemon(systemd)
            try await stream.label(100)

            let json = try await Program.run(["status", "--json"], environment: systemd)
            #expect(json.status == 0 && json.lines.count == 1, "\(json.error)")
            let status = try DaemonJSON.value(DaemonStatus.self, from: Array(json.output.utf8))
            #expect(status.processId == Int(daemon.processID))
            let name = try #require(status.pipelines?.first?.name)

            let page = try await Program.run(["status"], environment: systemd)
            #expect(page.status == 0 && page.lines.first?.hasPrefix("lorikeet ") == true)
            #expect(page.output.contains("PIPELINE") && page.output.contains("received 100, labelled 100"))
            let pages = try await Program.run(["status", "--url", "http://\(daemon.address)"])
            #expect(pages.status == 0 && pages.output.contains("received 100, labelled -"), "\(pages.error)")
            try await adaptersShowHasTheDriftOf(daemon, stream, systemd)

            let scratch = try Scratch()
            let tap = try Program.make(
                ["tap", "--pipeline", name, "--count", "20", "--rate", "1000"], environment: systemd)
            tap.standardOutput = try scratch.newFile("stdout")
            let running = try Program.start(tap)
            // The tap begins when it can: texts flow until it has enough.
            try await stream.until("the tap has 20 texts") {
                if tap.isRunning { try await stream.produce(20) }
                return !tap.isRunning
            }
            #expect(await running.status == 0)
            let lines = try scratch.text("stdout").split(separator: "\n")
            #expect(lines.count == 20)
            for line in lines {
                let text = try DaemonJSON.value(TappedTexts.Text.self, from: Array(line.utf8))
                #expect(!text.text.isEmpty && !text.labels.isEmpty)
            }
            try await stream.untilAllIsSettled()
            #expect(await daemon.terminate() == 0)
            let gone = try await Program.run(["status"], environment: systemd)
            #expect(gone.status == 1 && gone.error.contains("no such socket"))
        }
    }

    private func adaptersShowHasTheDriftOf(
        _ daemon: DaemonProcess, _ stream: DeliveryStream, _ environment: [String: String]
    ) async throws {
        let show = ["adapters", "show", "mood", "--database", stream.server.dsn()]
        let shown = try await Program.run(show, environment: environment)
        // A window has 500 texts.
        #expect(shown.output.contains("\nlive texts  too few yet"), "\(shown.output)\(shown.error)")
        let object = try await Program.run(show + ["--json"], environment: environment).objects.first ?? nil
        #expect(object?["drift"] is [String: Any])
        let afar = try await Program.run(show + ["--url", "http://\(daemon.address)"])
        #expect(afar.output.contains("\nlive texts  too few yet"), "\(afar.output)\(afar.error)")
        let alone = try await Program.run(show + ["--url", "http://127.0.0.1:1"])
        #expect(alone.status == 0 && alone.output.contains("\nlive texts  unknown: "), "\(alone.output)")
    }

    @Test func withoutADaemonTheErrorSaysWhatToDo() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none.sock"
        for arguments in [["status"], ["top"], ["tap", "--pipeline", "p"]] {
            let outcome = try await Program.run(arguments + ["--socket", path])
            #expect(outcome.status == 1 && outcome.output.isEmpty)
            #expect(outcome.error == "error: \(DaemonClientError.noSocket(path))\n")
        }
        let closed = try await Program.run(["status", "--url", "http://127.0.0.1:1"])
        #expect(closed.status == 1 && closed.error.contains("does the daemon run?"))
    }
}
