import Foundation
import TestSupport
import Testing

@testable import Lab

/// `relabel`, `replay` and `label` work at the lowest priority, and say how far they are.
@Suite(.scratch, .serialized, .timeLimit(.minutes(5))) struct BatchPriorityTests {
    @Test func batchesStandBackAndSayHowFarTheyAre() async throws {
        try await DeliveryStream.with { stream in
            let daemon = try await stream.startDaemon()
            try await stream.label(20)
            #expect(await daemon.terminate() == 0)
            try await stream.execute("UPDATE lorikeet.labels SET adapter_digest = 'none'")
            let scratch = try Scratch()
            let rows = String(repeating: "{\"text\":\"good food\"}\n", count: 20)
            let file = try scratch.write("rows.jsonl", rows)

            let relabelled = try await progress(of: ["relabel"], unit: "rows", stream)
            #expect(relabelled.last?["rows"] as? Int == relabelled.last?["of"] as? Int)
            let ranges = ["--offsets", "texts:0:0-", "--offsets", "texts:1:0-"]
            let replayed = try await progress(of: ["replay"] + ranges, unit: "offsets", stream)
            #expect(replayed.last?["offsets"] as? Int == 20 && replayed.last?["of"] as? Int == 20)
            // Nobody knows how many rows there are.
            let labelled = try await progress(of: ["label", "--input", file], unit: "rows", stream)
            #expect(labelled.last?["of"] is NSNull)
        }
    }

    /// The progress of a command that takes some seconds, after all of its threads were seen at low priority.
    private func progress(of command: [String], unit: String, _ stream: DeliveryStream) async throws -> [[String: Any]]
    {
        let process = try Program.make(
            command + ["--pipeline", stream.pipeline, "--rate", "5", "--progress", "json"],
            environment: stream.environment)
        let scratch = try Scratch()
        let (output, errors) = (try scratch.newFile("stdout"), try scratch.newFile("stderr"))
        defer { for file in [output, errors] { try? file.close() } }
        process.standardInput = FileHandle.nullDevice
        (process.standardOutput, process.standardError) = (output, errors)
        let running = try Program.start(process)
        defer { if process.isRunning { process.terminate() } }
        let identifier = process.processIdentifier
        try await eventually("every thread of \(command[0]) stands back", within: .seconds(30)) {
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/task")) ?? []
            // A thread may have ended since.
            let niceness = threads.compactMap { Self.niceness("/proc/\(identifier)/task/\($0)/stat") }
            return niceness.count > 1 && niceness.allSatisfy { $0 == "19" }
        }
        let status = await running.status
        let text = try scratch.text("stderr")
        #expect(status == 0, "\(text)")
        let notes = Program.Outcome(status: status, output: "", error: text).notes.filter { $0["of"] != nil }
        let counts = notes.compactMap { $0[unit] as? Int }
        #expect(counts.count == notes.count && counts == counts.sorted() && (counts.last ?? 0) > 0, "\(text)")
        return notes
    }

    /// The field `nice` of proc(5).
    private static func niceness(_ path: String) -> Substring? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), let name = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[name...].split(separator: " ").dropFirst()
        return fields.count > 16 ? fields[fields.startIndex + 16] : nil
    }
}
