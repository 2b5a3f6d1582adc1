import Testing

@testable import Pipelines

/// What `lorikeet init` writes is read as it was meant, whatever the answers are.
struct PipelineDraftTests {
    private static let draft = PipelineDraft(
        name: "tickets", base: "models/base", brokers: "${KAFKA_BROKERS:-localhost:9092}", topic: "tickets",
        pointer: nil, registry: nil, task: "urgency", labels: ["low", "high"], postgres: "${DATABASE_URL}")

    private func read(_ draft: PipelineDraft) throws -> PipelineConfiguration {
        let environment = PipelineEnvironment(
            variables: ["DATABASE_URL": "postgresql://h/d"], workingDirectory: "/nowhere")
        let problems = ProblemCollector(file: "p.yaml")
        let configuration = PipelineFile.parse(
            draft.yaml, file: "p.yaml", environment: environment, problems: problems)
        return try #require(configuration, "\(problems.problems)\n\(draft.yaml)")
    }

    @Test func theAnswersAreInTheFile() throws {
        let pipeline = try read(Self.draft)
        #expect(pipeline.name == "tickets" && pipeline.base == "/nowhere/models/base")
        #expect(pipeline.source.brokers == "localhost:9092" && pipeline.source.topics == ["tickets"])
        #expect(pipeline.source.group == "lorikeet-tickets")
        #expect(pipeline.source.text.isEmpty && pipeline.source.registry == nil)
        #expect(pipeline.tasks.map(\.name) == ["urgency"] && pipeline.tasks.first?.labels == ["low", "high"])
        #expect(pipeline.sink.postgres.value == "postgresql://h/d" && pipeline.retrain != nil)
        let comments = Self.draft.yaml.split(separator: "\n").filter { $0.contains("#") }
        #expect(comments.count > 10 && Self.draft.yaml.hasPrefix("# yaml-language-server: $schema="))
        #expect(Self.draft.yaml.split(separator: "\n").allSatisfy { $0.count <= 120 })
    }

    @Test(arguments: [
        "123", "true", "null", "größe", "a:b", "x#y", "\"q\"", "-", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "yes",
    ])
    func textsThatYAMLWouldMisreadAreQuoted(text: String) throws {
        var draft = Self.draft
        (draft.name, draft.task, draft.labels, draft.pointer) = (text, text, [text, "other \(text)"], "/a b/\(text)")
        let pipeline = try read(draft)
        #expect(pipeline.name == text && pipeline.tasks.map(\.name) == [text])
        #expect(pipeline.tasks.first?.labels == [text, "other \(text)"])
        #expect(pipeline.source.text.map(\.description) == ["/a b/\(text)"])
    }

    @Test func anAnswerAddsNoLines() throws {
        var draft = Self.draft
        draft.base = "models\nretrain: { every: 1s }\n# "
        let pipeline = try read(draft)
        #expect(pipeline.base.contains("\n") && pipeline.retrain?.every == .seconds(6 * 3600))
    }

    @Test func aRegistryComesWithItsFormat() throws {
        var draft = Self.draft
        (draft.registry, draft.pointer) = ("${SCHEMA_REGISTRY:-http://localhost:8081}", "/text")
        let pipeline = try read(draft)
        #expect(pipeline.source.format == .auto && pipeline.source.registry?.url == "http://localhost:8081")
    }

    @Test func problemsOfAnswersAreFoundButNotVariablesThatAreNotSet() {
        let environment = PipelineEnvironment(variables: [:], workingDirectory: "/nowhere")
        #expect(Self.draft.problems(file: "p.yaml", environment: environment).isEmpty)
        var draft = Self.draft
        (draft.labels, draft.topic, draft.pointer) = (["one"], "no topic", "body")
        let keys = draft.problems(file: "p.yaml", environment: environment).compactMap(\.key)
        #expect(Set(keys) == ["tasks.urgency.labels", "source.kafka.topics[0]", "source.text"])
    }
}
