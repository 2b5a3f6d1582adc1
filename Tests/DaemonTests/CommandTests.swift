import Connectors
import Foundation
import TestSupport
import Testing

@testable import Operations
@testable import Pipelines

@Test func aCheckLooksAtEverythingAndChangesNothing() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first")
        _ = try fixture.writePipeline()
        let options = PipelineCheck.Options(environment: fixture.environment)
        let report = await PipelineCheck.run(files: ["p.yaml"], options: options)
        #expect(report.status == .done, "\(report.findings)")
        #expect(report.findings.allSatisfy { $0.severity == .fine }, "\(report.findings)")
        let looked = ["sink.postgres", "source.kafka.brokers", "source.kafka.group", "source.kafka.topics"]
        #expect(looked.allSatisfy { key in report.findings.contains { $0.key == key } }, "\(report.findings)")
        #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.adapters") == 0)

        let adapterless = try fixture.writePipeline(task: "{ labels: [calm, loud] }")
        let without = await PipelineCheck.run(files: [adapterless], options: options)
        #expect(without.status == .configuration)
        #expect(without.findings.contains { $0.severity == .error && $0.key == "tasks.noise" && $0.line == 10 })

        let store = PostgresAdapterStore(fixture.settings)
        _ = try await store.ensureLive(task: "noise", first: try fixture.model.adapter(labels: ["calm", "quiet"]))
        await store.close()
        let differing = await PipelineCheck.run(files: [adapterless], options: options)
        #expect(
            differing.findings.contains {
                $0.severity == .error && $0.message.hasPrefix("labels differ: the adapter lacks loud")
            })

        try fixture.broker.setDown()
        _ = try fixture.writePipeline(extra: "batchs: 1")
        let bad = await PipelineCheck.run(files: ["p.yaml"], options: options)
        #expect(bad.findings.map(\.description) == ["p.yaml:13: batchs: unknown key (did you mean batch?)"])
    }
}

@Test func aDatabaseAndABrokerThatAreAwayAreWarnings() async throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    try TestBase.shared.get().adapter(labels: ["a", "b"]).write(to: folder.path + "/first")
    try folder.write(
        "p.yaml",
        """
        name: p
        base: base
        source: { kafka: { brokers: "127.0.0.1:1", topics: [t], group: g } }
        tasks: { kind: { labels: [a, b], adapter: first }, idle: { labels: [a, b], adapter: first } }
        routes: [{ tasks: [kind] }]
        batch: { max_tokens: 64 }
        sink: { postgres: "host=\(folder.path) user=nobody password=hunter2" }
        """)
    let environment = PipelineEnvironment(variables: [:], workingDirectory: folder.path)
    let report = await PipelineCheck.run(files: ["p.yaml"], options: .init(environment: environment))
    #expect(report.status == .done)
    let warnings = report.findings.filter { $0.severity == .warning }.map(\.description)
    #expect(warnings.count == 3, "\(warnings)")
    #expect(warnings.contains("p.yaml:4: tasks.idle: no route leads to this task"))
    #expect(warnings.contains { $0.hasPrefix("p.yaml:7: sink.postgres: ") && $0.hasSuffix("; run would retry") })
    let broker = warnings.first { $0.hasPrefix("p.yaml:3: source.kafka.brokers: 127.0.0.1:1: ") }
    #expect(broker?.contains("Connection refused") == true, "\(warnings)")
    #expect(broker?.hasSuffix("; run would retry") == true, "\(warnings)")
    #expect(!warnings.joined().contains("hunter2"))
}

@Test func examplesPassOrFailByTheirLabels() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first")
        let texts = ["one", "another", "a third"]
        let examples = texts.map { "  - { text: \($0), task: noise, label: calm }" }.joined(separator: "\n")
        let file = try fixture.writePipeline(extra: "examples:\n" + examples)
        let options = ExampleRunner.Options(workers: 1, environment: fixture.environment)
        let report = try await ExampleRunner.run(files: [file], options: options)
        #expect(report.results.map(\.text) == texts)
        #expect(report.results.map(\.line) == [14, 15, 16])
        #expect(report.results.allSatisfy { $0.passed == ($0.actual == "calm") && $0.score > 0.5 })
        #expect(report.status == (report.results.allSatisfy(\.passed) ? .done : .failed))

        // The registry's live adapter where the file names none; nothing there is an error that says so.
        let bare = try fixture.writePipeline(task: "{ labels: [calm, loud] }", extra: "examples:\n" + examples)
        let failure = await #expect(throws: CommandFailure.self) {
            _ = try await ExampleRunner.run(files: [bare], options: options)
        }
        #expect(
            failure?.message.hasSuffix(
                "p.yaml:10: tasks.noise: no adapter folder, and the registry has no live adapter") == true)
        let store = PostgresAdapterStore(fixture.settings)
        let live = try await store.ensureLive(
            task: "noise", first: try fixture.model.adapter(labels: DaemonFixture.labels, seed: 5))
        await store.close()
        let second = try await ExampleRunner.run(files: [bare], options: options)
        #expect(second.results.allSatisfy { $0.adapterDigest == live.version.digest })
    }
}

@Test func migratingTwiceChangesNothing() async throws {
    try await withTestDatabase { database in
        let first = try await MigrateOperation.run(postgres: Secret(database.dsn()))
        #expect(first == MigrationReport(before: 0, after: Schema.expectedVersion))
        let second = try await MigrateOperation.run(postgres: Secret(database.dsn()))
        #expect(second == MigrationReport(before: Schema.expectedVersion, after: Schema.expectedVersion))
    }
}
