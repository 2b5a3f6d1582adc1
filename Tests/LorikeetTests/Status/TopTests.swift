import Foundation
import TestSupport
import Testing

@testable import Lab
@testable import lorikeet

/// `lorikeet top` on a real terminal, asking pages that a server of the test's own answers.
@Suite(.scratch, .serialized, .timeLimit(.minutes(3))) struct TopTests {
    /// The first bytes on a terminal, and the last ones.
    private static let (entering, leaving) = ("\u{1B}[?1049h\u{1B}[?25l", "\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l")

    private static func metrics(pipelines: Int, received: Int = 100) -> String {
        let names = (0..<pipelines).map { "pipeline-with-a-rather-long-name-\($0)" }
        let build = "version=\"0.1.0\",kernels=\"avx2\",base=\"1f3c9a7e55d0\",dtype=\"float32\""
        let samples = names.flatMap {
            [
                "lorikeet_pipeline_ready{pipeline=\"\($0)\"} 1",
                "lorikeet_messages_total{pipeline=\"\($0)\"} \(received)",
            ]
        }
        return (["lorikeet_build_info{\(build)} 1"] + samples).joined(separator: "\n") + "\n"
    }

    /// A running `lorikeet top`.
    fileprivate struct Watching {
        let terminal: PseudoTerminal
        let server: RegistryServer
        let process: Process
        let running: Program.Running

        func signal(_ number: Int32) { kill(process.processIdentifier, number) }

        /// The letter that `/proc` has for the state of the process: `T` is stopped.
        var state: Character? {
            let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
            return text?.split(separator: ") ").last?.first
        }
    }

    /// - Parameter first: what the test waits for before `body` runs.
    private static func with(
        _ environment: [String: String] = ["TERM": "xterm"], pipelines: Int = 2, interval: String = "0.1",
        until first: String = "PIPELINE", _ body: (Watching) async throws -> Void
    ) async throws {
        let server = try RegistryServer()
        server.set("/metrics", metrics(pipelines: pipelines))
        let terminal = try PseudoTerminal()
        let process = try Program.make(["top", "--url", server.url, "--interval", interval], environment: environment)
        let running = try terminal.start(process)
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        try await Waiting.until("no \(first): \(terminal.text)", within: .seconds(60)) { terminal.text.contains(first) }
        try await body(Watching(terminal: terminal, server: server, process: process, running: running))
    }

    /// A way to end it.
    enum Ending: CaseIterable {
        case letter, controlC, controlD, sigterm, sigint

        fileprivate func happen(to watching: Watching) {
            switch self {
            case .letter: watching.terminal.type("q")
            case .controlC: watching.terminal.type("\u{3}")
            case .controlD: watching.terminal.type("\u{4}")
            case .sigterm: watching.signal(SIGTERM)
            case .sigint: watching.signal(SIGINT)
            }
        }
    }

    @Test(arguments: Ending.allCases) func howeverItEndsTheTerminalIsAsItWas(_ ending: Ending) async throws {
        let untouched = try PseudoTerminal().modes
        try await Self.with { watching in
            let terminal = watching.terminal
            try await terminal.until("screen") { $0.count == 24 }
            #expect(terminal.modes.isRaw && !untouched.isRaw)
            ending.happen(to: watching)
            #expect(await watching.running.status == 0)
            #expect(terminal.modes == untouched)
            try await Waiting.until("not left: \(terminal.text.suffix(100))", within: .seconds(20)) {
                terminal.text.hasSuffix(Self.leaving)
            }
            #expect(terminal.text.hasPrefix(Self.entering))
            #expect(terminal.text.components(separatedBy: Self.entering).count == 2)
        }
    }

    @Test func itStopsAndContinues() async throws {
        let untouched = try PseudoTerminal().modes
        try await Self.with { watching in
            let terminal = watching.terminal
            try await terminal.until("screen") { $0.count == 24 }
            terminal.type("\u{1A}")
            try await Waiting.until("not stopped", within: .seconds(20)) { watching.state == "T" }
            #expect(terminal.modes == untouched)
            #expect(terminal.text.hasSuffix(Self.leaving))
            watching.signal(SIGCONT)
            try await Waiting.until("not continued", within: .seconds(20)) { terminal.modes.isRaw }
            terminal.type("q")
            #expect(await watching.running.status == 0)
            #expect(terminal.modes == untouched)
        }
    }

    @Test func aTerminalThatIsGoneEndsIt() async throws {
        try await Self.with { watching in
            try await watching.terminal.until("screen") { $0.count == 24 }
            try await watching.terminal.hangUp()
            #expect(await watching.running.status == 0)
        }
    }

    @Test func itFitsTheWindowAsThatChanges() async throws {
        try await Self.with(pipelines: 20) { watching in
            let terminal = watching.terminal
            for (columns, rows) in [(80, 24), (100, 40), (60, 10), (81, 12), (20, 3), (80, 24)] {
                terminal.resize(columns: UInt16(columns), rows: UInt16(rows))
                try await terminal.until("screen of \(rows) rows") { screen in
                    screen.count == rows && screen.allSatisfy { TerminalText.width(of: $0) <= columns }
                }
                if columns >= 80 {
                    // No figure of a pipeline is cut at 80 columns.
                    let heading = try #require(terminal.screen.first { $0.hasPrefix("PIPELINE") })
                    #expect(heading.hasSuffix("P99"), "\(heading)")
                }
            }
            terminal.type("j")
            try await terminal.until("scrolled screen") { !$0[0].hasPrefix("lorikeet ") }
            terminal.type("k")
            try await terminal.until("screen that is scrolled back") { $0[0].hasPrefix("lorikeet 0.1.0") }
            #expect(terminal.screen.last?.hasSuffix("q quits, arrows scroll") == true)
        }
    }

    @Test func itGoesOnWhileTheDaemonDoesNotAnswer() async throws {
        try await Self.with { watching in
            let terminal = watching.terminal
            try await terminal.until("screen") { $0.last == "q quits" }
            watching.server.state.update { $0.outage = RegistryServer.Answer(status: 503, body: "") }
            try await terminal.until("problem") { $0.last?.hasPrefix("not current: ") == true }
            #expect(terminal.screen.contains { $0.contains("received 100") })
            watching.server.set("/metrics", Self.metrics(pipelines: 2, received: 4711))
            watching.server.state.update { $0.outage = nil }
            try await terminal.until("new figures") { screen in
                screen.last == "q quits" && screen.contains { $0.contains("received 4,711") }
            }
        }
    }

    @Test(arguments: [nil, "1"] as [String?]) func coloursCanBeTurnedOff(_ noColour: String?) async throws {
        try await Self.with(["TERM": "xterm", "NO_COLOR": noColour ?? ""]) { watching in
            try await watching.terminal.until("screen") { $0.count == 24 }
            #expect(watching.terminal.text.contains("\u{1B}[1m") == (noColour == nil))
        }
    }

    /// Without a terminal that can move its cursor, one page follows the other.
    @Test(arguments: ["dumb", ""]) func aTerminalThatCanDoNothingGetsPages(_ kind: String) async throws {
        let untouched = try PseudoTerminal().modes
        try await Self.with(["TERM": kind]) { watching in
            let terminal = watching.terminal
            try await Waiting.until("no second page: \(terminal.text)", within: .seconds(60)) {
                terminal.text.components(separatedBy: "PIPELINE").count > 2
            }
            #expect(terminal.modes == untouched)
            watching.signal(SIGTERM)
            #expect(await watching.running.status == 0)
            #expect(!terminal.text.contains("\u{1B}"))
        }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aFileGetsPages(_ signal: Int32) async throws {
        let server = try RegistryServer()
        server.set("/metrics", Self.metrics(pipelines: 1))
        let scratch = try Scratch()
        let process = try Program.make(
            ["top", "--url", server.url, "--interval", "0.1"], environment: ["TERM": "xterm"])
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try scratch.newFile("stdout")
        let running = try Program.start(process)
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        try await Waiting.until("no second page", within: .seconds(60)) {
            try scratch.text("stdout").components(separatedBy: "PIPELINE").count > 2
        }
        kill(process.processIdentifier, signal)
        #expect(await running.status == 0)
        #expect(try !scratch.text("stdout").contains("\u{1B}"))
    }
}
