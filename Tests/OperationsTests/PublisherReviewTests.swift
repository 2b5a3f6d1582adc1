import Pipelines
import Serving
import TestSupport
import Testing

@testable import Operations

/// What keeps a pipeline from publishing, offline.
struct PublisherReviewTests {
    private func problems(topics: String, outputBrokers: String = "") throws -> [String] {
        try pipeline(topics: topics, output: outputBrokers).reviewPublisher().problems.map(\.description).sorted()
    }

    private func pipeline(topics: String, output: String = "") throws -> PipelineConfiguration {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "p.yaml",
            """
            name: news
            base: base
            source:
              kafka: { brokers: "localhost:9092", topics: [\(topics)], group: news }
            tasks: { topic: { labels: [a, b] } }
            sink:
              postgres: postgresql://localhost/texts
              kafka: { topic: news.labels\(output) }
            rejected: { kafka: { topic: news.rejected } }
            """)
        return try PipelineFile.read(path: path)
    }

    @Test(arguments: [("", PublishedKey.message), (", key: message", .message), (", key: origin", .origin)])
    func theKeyIsWhatTheFileSays(_ output: String, _ key: PublishedKey) throws {
        let pipeline = try pipeline(topics: "news", output: output)
        #expect(pipeline.outboxSettings?.key == key)
        #expect(pipeline.publisherSettings?.key == key)
    }

    @Test func aPatternThatMatchesTheOutputIsRefused() throws {
        let problems = try problems(topics: "\"^news.*\"")
        #expect(problems.count == 2)
        #expect(problems.allSatisfy { $0.contains("would label what it publishes") }, "\(problems)")
        #expect(problems.contains { $0.contains("sink.kafka.topic") && $0.contains("news.labels") })
        #expect(problems.contains { $0.contains("rejected.kafka.topic") && $0.contains("news.rejected") })
    }

    @Test func otherTopicsAndOtherBrokersAreFine() throws {
        #expect(try problems(topics: "news, \"^news$\", \"^tickets-.*\"").isEmpty)
        #expect(try problems(topics: "\"^.*labels$\"", outputBrokers: ", brokers: \"other:9092\"").isEmpty)
    }
}
