import Foundation
import Synchronization

/// `lorikeet run` as a process of its own, as an administrator would start it.
final class DaemonProcess: Sendable {
    /// Where its metrics and health pages are, `127.0.0.1:PORT`.
    let address: String

    private let process: Process
    private let exit: ExitStatusPromise

    private init(process: Process, address: String, exit: ExitStatusPromise) {
        (self.process, self.address, self.exit) = (process, address, exit)
    }

    /// Starts it and waits until its health page listens.
    ///
    /// - Parameters:
    ///   - executable: the program; this one, if nil.
    ///   - options: further arguments: options, other pipelines.
    ///   - launcher: a command that starts the program in its place, such as `/usr/bin/taskset -c 0`.
    ///   - log: the file that takes what it says.
    static func start(
        executable: URL? = nil, pipeline: String, options: [String] = [], launcher: [String] = [],
        environment: [String: String], log: URL
    ) async throws -> DaemonProcess {
        let process = Process()
        let program = executable ?? ownExecutable
        let arguments = ["run", pipeline, "--http", "127.0.0.1:0", "--log-format", "json"] + options
        process.executableURL = launcher.first.map { URL(fileURLWithPath: $0) } ?? program
        process.arguments = launcher.isEmpty ? arguments : Array(launcher.dropFirst()) + [program.path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        guard FileManager.default.createFile(atPath: log.path, contents: nil),
            let file = FileHandle(forWritingAtPath: log.path)
        else {
            throw DemoError("cannot write \(log.path)")
        }

        let exit = ExitStatusPromise()
        let (addresses, found) = AsyncStream.makeStream(of: String.self)
        process.terminationHandler = { ended in
            exit.fulfil(ended.terminationStatus)
            found.finish()
        }
        let lines = LogLines()
        errors.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
                return
            }
            try? file.write(contentsOf: data)
            for line in lines.take(data) { if let address = Self.address(in: line) { found.yield(address) } }
        }
        try process.run()

        var iterator = addresses.makeAsyncIterator()
        guard let address = await iterator.next() else {
            if process.isRunning { process.terminate() }
            try Task.checkCancellation()
            let said = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            throw DemoError("lorikeet run did not start. It said:\n\(said.suffix(2000))")
        }
        return DaemonProcess(process: process, address: address, exit: exit)
    }

    public var isRunning: Bool { process.isRunning }

    var processIdentifier: Int32 { process.processIdentifier }

    /// What it has in memory now; nil once it has ended.
    var residentMegabytes: Int? { megabytes("VmRSS:") }

    /// The most that it ever had in memory; nil once it has ended.
    var peakMegabytes: Int? { megabytes("VmHWM:") }

    private func megabytes(_ key: String) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) })
        else { return nil }
        return line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first.map { $0 / 1024 }
    }

    /// Whether `/readyz` says 200.
    public func isReady() -> Bool { LoopbackHTTP.get("/readyz", at: address)?.status == 200 }

    public func metrics() -> MetricsPage? {
        LoopbackHTTP.get("/metrics", at: address).map { MetricsPage(text: $0.body) }
    }

    /// Sends a signal, such as SIGHUP or SIGKILL.
    public func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for its end, whatever brings it.
    func exitStatus() async -> Int32 { await exit.value() }

    /// SIGTERM, then its exit status once it has drained.
    public func terminate() async -> Int32 {
        if process.isRunning { process.terminate() }
        return await exit.value()
    }

    /// The program that runs, also once a new build has taken its file's place.
    private static let ownExecutable = URL(fileURLWithPath: "/proc/\(ProcessInfo.processInfo.processIdentifier)/exe")

    /// Runs another command of this program to its end.
    static func run(
        executable: URL? = nil, _ arguments: [String], environment: [String: String]
    ) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = executable ?? ownExecutable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let exit = ExitStatusPromise()
        process.terminationHandler = { exit.fulfil($0.terminationStatus) }
        try process.run()
        let status = await exit.value()
        let said = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        return (status, String(decoding: said, as: UTF8.self))
    }

    /// The address in the log line that says where the health page listens.
    private static func address(in line: Data) -> String? {
        guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else { return nil }
        return object["http"] as? String
    }
}

/// Cuts a stream of bytes into lines.
private final class LogLines: Sendable {
    private let rest = Mutex(Data())

    func take(_ data: Data) -> [Data] {
        rest.withLock { rest in
            rest += data
            var lines: [Data] = []
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(Data(rest[rest.startIndex..<end]))
                rest = Data(rest[rest.index(after: end)...])
            }
            return lines
        }
    }
}

/// An exit status that somebody waits for.
final class ExitStatusPromise: Sendable {
    private enum State {
        case running(waiting: [CheckedContinuation<Int32, Never>])
        case ended(Int32)
    }
    private let state = Mutex(State.running(waiting: []))

    func fulfil(_ status: Int32) {
        let waiting = state.withLock { state -> [CheckedContinuation<Int32, Never>] in
            guard case .running(let waiting) = state else { return [] }
            state = .ended(status)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: status) }
    }

    func value() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = state.withLock { state -> Int32? in
                switch state {
                case .ended(let status): return status
                case .running(let waiting):
                    state = .running(waiting: waiting + [continuation])
                    return nil
                }
            }
            if let status { continuation.resume(returning: status) }
        }
    }
}
