import Foundation
import TestSupport
import Testing

/// `lorikeet test` on files in `pipelines/`, over the base that `make setup` downloads, with adapters that are trained
/// here on a few rows.
@Suite(.scratch, .timeLimit(.minutes(10))) struct PipelineExamplesTests {
    /// Their tasks have rows in `ExampleRows`.
    private static let files = ["support.yaml", "news.yaml", "moderation.yaml", "documents.yaml", "debezium.yaml"]

    /// A folder with the pipeline files, a link to the base and the adapters of all tasks: where the files' relative
    /// paths lead, and their variables by default.
    private static func folder() async throws -> Scratch {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path("models"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path("models/all-MiniLM-L6-v2"), withDestinationPath: TestModels.base)
        for file in files {
            try FileManager.default.copyItem(
                atPath: BuiltProgram.package.appending(path: "pipelines/\(file)").path, toPath: scratch.path(file))
        }
        let rows = try ExampleRows()
        for task in rows.tasks {
            let lines = try rows.lines(of: task)
            try scratch.write("train.jsonl", lines.training)
            try scratch.write("validation.jsonl", lines.validation)
            let kind = ["abuse": ["--multi-label"], "topic": ["--long-texts", "window=256,stride=192,pool=mean"]]
            let outcome = try await run(
                [
                    "train", "--base", "models/all-MiniLM-L6-v2", "--train", "train.jsonl", "--validation",
                    "validation.jsonl", "--output", "adapters/\(task)", "--task", task, "--layers", "3-5", "--epochs",
                    "20", "--batch", "8", "--rate", "2e-3", "--seed", "1", "--no-report",
                ] + kind[task, default: []], in: scratch)
            try #require(outcome.status == 0, "\(task): \(outcome.error)")
        }
        return scratch
    }

    private static func run(_ arguments: [String], in scratch: Scratch) async throws -> Program.Outcome {
        // Nothing connects to it: the files name the folders of their adapters.
        let process = try Program.make(arguments, environment: ["DATABASE_URL": "postgresql://127.0.0.1:1/none"])
        process.currentDirectoryURL = URL(fileURLWithPath: scratch.folder)
        return try await Program.outcome(of: process)
    }

    @Test func theExamplesOfTheFilesPass() async throws {
        let scratch = try await Self.folder()
        let outcome = try await Self.run(["test"] + Self.files, in: scratch)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.error)")
        let passed = outcome.lines.filter { $0.hasPrefix("pass ") }
        #expect(outcome.lines.last == "\(passed.count) of \(passed.count) examples pass")
        // Every task that has examples was tested.
        for task in try ExampleRows().tasks { #expect(passed.contains { $0.contains(" \(task) ") }, "\(task)") }

        try await Self.expectAWrongExampleFails(scratch)
    }

    /// Over the same adapters, because training takes long.
    private static func expectAWrongExampleFails(_ scratch: Scratch) async throws {
        let text = try scratch.text("support.yaml")
        let wrong = text.replacing("task: team, label: billing", with: "task: team, label: delivery")
        try #require(wrong != text)
        try scratch.write("support.yaml", wrong)
        let outcome = try await run(["test", "support.yaml"], in: scratch)
        #expect(outcome.status == 1)
        let failed = outcome.lines.filter { $0.hasPrefix("FAIL ") }
        #expect(failed.count == 1 && failed[0].contains("delivery  billing"), "\(outcome.output)")
    }
}
