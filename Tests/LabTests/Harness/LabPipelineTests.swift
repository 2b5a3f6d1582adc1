import Pipelines
import Testing

@testable import Lab

@Suite struct LabPipelineTests {
    private let variables = ["KAFKA_BROKERS": "localhost:9092", "DATABASE_URL": "postgresql://localhost/x"]

    private func parsed(_ pipeline: LabPipeline) throws -> PipelineConfiguration {
        let folder = try ScratchFolder("pipeline-test")
        defer { folder.remove() }
        return try PipelineFile.read(
            path: try folder.write("p.yaml", pipeline.text),
            environment: PipelineEnvironment(variables: variables, workingDirectory: folder.path))
    }

    @Test func thePipelineParserReadsAMinimalFile() throws {
        let task = LabPipeline.Task(name: "kind", labels: ["label 0", "label 1"], adapter: "/adapters/kind")
        let pipeline = try parsed(LabPipeline(name: "p", base: "/base", topic: "texts", tasks: [task]))
        #expect(pipeline.name == "p")
        #expect(pipeline.task("kind")?.labels == ["label 0", "label 1"])
    }

    @Test func thePipelineParserReadsEveryKey() throws {
        let tasks = ["kind", "tone"].map { LabPipeline.Task(name: $0, labels: ["a", "b"], adapter: "/adapters/\($0)") }
        let pipeline = try parsed(
            LabPipeline(
                name: "p", base: "relative/base", topic: "texts", properties: ["session.timeout.ms": "6000"],
                textPointer: "/text", condition: "{ json: { /kind: routed } }", unrouted: "drop", tasks: tasks,
                batch: "{ tokens: 512, delay: 20ms, max_tokens: 64 }", storesText: true,
                retrain: "{ every: 100ms, minimum_new_rows: 1, epochs: 1000 }"))
        #expect(pipeline.task("tone")?.labels == ["a", "b"])
        #expect(pipeline.batch.maxTokens(positions: 512) == 64)
        #expect(pipeline.retrain?.training.epochs == 1000)
    }

    @Test func aPointerRoutesEachMessageToItsTask() throws {
        let tasks = ["kind", "tone"].map { LabPipeline.Task(name: $0, labels: ["a", "b"], adapter: "/adapters/\($0)") }
        let pipeline = try parsed(
            LabPipeline(
                name: "p", base: "/base", topic: "texts", textPointer: "/text", taskPointer: "/task", tasks: tasks))
        #expect(pipeline.routes.map(\.tasks) == [["kind"], ["tone"]])
    }
}
