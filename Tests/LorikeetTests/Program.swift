import Foundation
import Serving
import TestSupport

/// The real executable, run as a process of its own, as a script would.
///
/// It is a `Foundation.Process`, not Lorikeet's `ChildProcess`: the tests need files and pipes of their own as standard
/// input, output and error, while `ChildProcess` keeps its child's input open and returns one output.
enum Program {
    /// What came of one run.
    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let error: String

        var lines: [String] {
            output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        }

        /// Standard output's lines as JSON objects; nil for a line that is none.
        var objects: [[String: Any]?] {
            lines.map(Self.object)
        }

        /// The JSON objects among standard error's lines.
        var notes: [[String: Any]] { error.split(separator: "\n").compactMap(Self.object) }

        private static func object(_ line: some StringProtocol) -> [String: Any]? {
            try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
    }

    /// Runs `lorikeet` to its end.
    ///
    /// - Parameters:
    ///   - input: what stands on standard input; nothing by default.
    ///   - environment: what is added to an environment without a database.
    static func run(
        _ arguments: [String], input: some DataProtocol = Data(), environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await outcome(of: make(arguments, environment: environment), input: input)
    }

    /// Runs a process that has not been started to its end.
    ///
    /// - Parameter input: what stands on standard input; nothing by default.
    static func outcome(of process: Process, input: some DataProtocol = Data()) async throws -> Outcome {
        let folder = try Scratch()
        let inputFile = folder.path("stdin")
        try Data(input).write(to: URL(fileURLWithPath: inputFile))
        let source = try FileHandle(forReadingFrom: URL(fileURLWithPath: inputFile))
        let (output, errors) = (try folder.newFile("stdout"), try folder.newFile("stderr"))
        // A process that has ended may stay in memory, with its files.
        defer { for file in [source, output, errors] { try? file.close() } }
        process.standardInput = source
        process.standardOutput = output
        process.standardError = errors
        let status = try await start(process).status
        return Outcome(status: status, output: try folder.text("stdout"), error: try folder.text("stderr"))
    }

    /// Runs `lorikeet`, sends it a signal once standard error has these words, and waits for its end.
    static func run(
        _ arguments: [String], signal: Int32, once words: String, environment: [String: String] = [:]
    ) async throws -> Outcome {
        let folder = try Scratch()
        let process = try make(arguments, environment: environment)
        let errors = pipe()
        process.standardOutput = try folder.newFile("stdout")
        process.standardError = errors
        let pieces = pieces(of: errors)
        let running = try start(process)
        var (text, isSent) = ("", false)
        for await piece in pieces {
            text += piece
            guard !isSent, text.contains(words) else { continue }
            isSent = true
            kill(process.processIdentifier, signal)
        }
        return Outcome(status: await running.status, output: try folder.text("stdout"), error: text)
    }

    /// A process of the executable that has not been started.
    static func make(_ arguments: [String], environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        process.executableURL = try BuiltProgram.url()
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment
        variables["DATABASE_URL"] = nil
        process.environment = variables.merging(environment) { $1 }
        return process
    }

    /// Starts the process. Nothing here blocks a thread of the tests: there may be only one for each core.
    static func start(_ process: Process) throws -> Running {
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = {
            end.yield($0.terminationReason == .uncaughtSignal ? -$0.terminationStatus : $0.terminationStatus)
            end.finish()
        }
        try process.run()
        return Running(ends: ends)
    }

    /// A process that was started.
    struct Running: Sendable {
        fileprivate let ends: AsyncStream<Int32>

        /// Its exit status, or the negative number of the signal that ended it. Ask once.
        var status: Int32 {
            get async { await ends.first { _ in true } ?? -1 }
        }
    }

    /// A pipe whose ends no other child inherits: a server that another test starts would keep it open.
    static func pipe() -> Pipe {
        let pipe = Pipe()
        for end in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
            _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        return pipe
    }

    /// What arrives in a pipe, in pieces, until its end.
    static func pieces(of pipe: Pipe) -> AsyncStream<String> {
        let (pieces, piece) = AsyncStream.makeStream(of: String.self)
        pipe.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
                piece.finish()
            } else {
                piece.yield(String(decoding: data, as: UTF8.self))
            }
        }
        return pieces
    }
}
