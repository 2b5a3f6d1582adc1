import Connectors
import DaemonFixtures
import TestSupport
import Testing

@testable import Operations
@testable import Pipelines

@Test func examplesPassOrFailByTheirLabels() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first")
        let texts = ["one", "another", "a third"]
        let examples = texts.map { "  - { text: \($0), task: noise, label: calm }" }.joined(separator: "\n")
        let file = try fixture.writePipeline(extra: "examples:\n" + examples)
        let options = ExamplesOperation.Options(workers: 1, environment: fixture.environment)
        let report = try await ExamplesOperation.run(files: [file], options: options)
        #expect(report.results.map(\.text) == texts)
        #expect(report.results.map(\.line) == [14, 15, 16])
        #expect(report.results.allSatisfy { $0.passed == ($0.actual == "calm") && $0.score > 0.5 })
        #expect(report.status == (report.results.allSatisfy(\.passed) ? .done : .failed))

        // The registry's live adapter where the file names none; nothing there is an error that says so.
        let bare = try fixture.writePipeline(task: "{ labels: [calm, loud] }", extra: "examples:\n" + examples)
        let failure = await #expect(throws: CommandFailure.self) {
            _ = try await ExamplesOperation.run(files: [bare], options: options)
        }
        #expect(
            failure?.message.hasSuffix(
                "p.yaml:10: tasks.noise: no adapter folder, and the adapter store has no live adapter") == true)
        let store = PostgresAdapterStore(fixture.settings)
        let live = try await store.ensureLive(
            task: "noise", first: try fixture.model.adapter(labels: DaemonFixture.labels, seed: 5))
        await store.close()
        let second = try await ExamplesOperation.run(files: [bare], options: options)
        #expect(second.results.map(\.adapterDigest) == Array(repeating: live.version.digest, count: 3))
    }
}
