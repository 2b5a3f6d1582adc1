import DaemonFixtures
import Foundation
import Serving
import TestSupport
import Testing

@testable import Operations
@testable import Pipelines

/// `lorikeet init`: what it asks, what it takes from a topic's records, and that it never shows a text.
@Suite(.timeLimit(.minutes(5))) struct InitOperationTests {
    /// What was asked and said.
    private final class Talk {
        var questions: [String] = []
        var notes: [String] = []
    }

    private struct Outcome {
        let path: String?
        let failure: CommandFailure?
        let talk: Talk
    }

    private static func complete(brokers: String = "127.0.0.1:1") -> InitOperation.Request {
        var request = InitOperation.Request()
        (request.brokers, request.topic, request.text) = (brokers, "tickets", "/body")
        (request.task, request.labels, request.postgres) = ("urgency", ["low", "high"], "${DATABASE_URL}")
        return request
    }

    /// - Parameter answers: what a person types, by the beginning of the question; nil: there is none.
    private func run(
        _ request: InitOperation.Request, in folder: TemporaryFolder, answers: [String: String?]? = nil,
        variables: [String: String] = [:]
    ) async -> Outcome {
        let talk = Talk()
        let ask: InitOperation.Ask? = answers.map { answers in
            { question, fallback in
                talk.questions.append("\(question) [\(fallback)]")
                guard let answer = answers.first(where: { question.hasPrefix($0.key) }) else { return "" }
                return answer.value
            }
        }
        let environment = PipelineEnvironment(variables: variables, workingDirectory: folder.path)
        let operation = InitOperation(
            request, ask: ask, say: { talk.notes.append($0) }, environment: environment)
        do throws(CommandFailure) {
            return Outcome(path: try await operation.run(), failure: nil, talk: talk)
        } catch {
            return Outcome(path: nil, failure: error, talk: talk)
        }
    }

    private func pipeline(_ path: String, in folder: TemporaryFolder) throws -> PipelineConfiguration {
        let environment = PipelineEnvironment(
            variables: ["DATABASE_URL": "postgresql://h/d"], workingDirectory: folder.path)
        return try PipelineFile.read(path: path, environment: environment)
    }

    @Test func flagsAloneWriteAFileThatTheCheckAccepts() async throws {
        let folder = try TemporaryFolder()
        try TestBase.write(to: folder.path + "/base")
        var request = Self.complete()
        request.base = "base"
        let outcome = await run(request, in: folder)
        #expect(outcome.path == "tickets.yaml", "\(outcome)")
        #expect(try pipeline("tickets.yaml", in: folder).source.text.map(\.description) == ["/body"])
        let environment = PipelineEnvironment(
            variables: ["DATABASE_URL": "postgresql://h/d"], workingDirectory: folder.path)
        let report = await CheckOperation.run(
            files: ["tickets.yaml"],
            options: CheckOperation.Options(database: false, broker: false, environment: environment))
        #expect(report.status == .done, "\(report.findings)")
    }

    @Test func withoutATerminalEveryMissingFlagIsNamed() async throws {
        let folder = try TemporaryFolder()
        let nothing = await run(InitOperation.Request(), in: folder)
        #expect(nothing.failure?.status == .usage)
        #expect(
            nothing.failure?.message
                == "standard input is no terminal to ask questions on: "
                + "give --brokers, --topic, --task, --labels, --postgres")
        var request = Self.complete()
        request.labels = []
        #expect(await run(request, in: folder).failure?.message.hasSuffix("give --labels") == true)
    }

    @Test func fiveQuestionsHaveDefaults() async throws {
        let folder = try TemporaryFolder()
        var request = InitOperation.Request()
        // Nobody listens there, and nothing else is on this machine.
        request.brokers = nil
        let outcome = await run(request, in: folder, answers: ["Kafka brokers": "127.0.0.1:1"])
        #expect(
            outcome.talk.questions == [
                "Kafka brokers [localhost:9092]", "Topic with the texts [texts]",
                "JSON Pointer to the text in a record, - for the whole value [-]",
                "Task and its labels [urgency: low, normal, high]", "PostgreSQL database [${DATABASE_URL}]",
            ])
        #expect(outcome.path == "texts.yaml", "\(outcome)")
        #expect(outcome.talk.notes.contains { $0.hasPrefix("the records cannot be read (") }, "\(outcome.talk.notes)")
        let pipeline = try pipeline("texts.yaml", in: folder)
        #expect(pipeline.tasks.first?.labels == ["low", "normal", "high"] && pipeline.source.text.isEmpty)
    }

    @Test func whatAFlagGivesIsNotAsked() async throws {
        let folder = try TemporaryFolder()
        var request = Self.complete()
        (request.task, request.postgres) = (nil, nil)
        let outcome = await run(
            request, in: folder, answers: ["Task": "mood", "PostgreSQL": "postgresql://kim:pw@h/d"])
        #expect(outcome.talk.questions == ["Task [urgency]", "PostgreSQL database [${DATABASE_URL}]"])
        #expect(try pipeline("tickets.yaml", in: folder).tasks.map(\.name) == ["mood"])
        #expect(outcome.talk.notes.contains { $0.contains("has a password in it") } == true)
        #expect(!"\(outcome.talk.notes)".contains("pw"))
    }

    @Test func anExistingFileIsOnlyReplacedByForce() async throws {
        let folder = try TemporaryFolder()
        try folder.write("tickets.yaml", "mine")
        var request = Self.complete()
        let refused = await run(request, in: folder)
        #expect(refused.failure?.status == .failed && refused.failure?.message.contains("--force") == true)
        #expect(try String(contentsOfFile: folder.path + "/tickets.yaml", encoding: .utf8) == "mine")
        request.output = "tickets.yaml"
        // Before anything is asked.
        #expect(await run(request, in: folder, answers: [:]).talk.questions.isEmpty)
        request.force = true
        #expect(await run(request, in: folder).path == "tickets.yaml")
        #expect(try pipeline("tickets.yaml", in: folder).name == "tickets")
    }

    @Test func wrongAnswersWriteNothing() async throws {
        let folder = try TemporaryFolder()
        var request = Self.complete()
        (request.labels, request.text) = (["one"], "body")
        let outcome = await run(request, in: folder)
        #expect(outcome.failure?.status == .usage)
        #expect(outcome.failure?.message.contains("tasks.urgency.labels: has one label") == true, "\(outcome)")
        #expect(outcome.failure?.message.contains("source.text: must be a JSON Pointer") == true, "\(outcome)")
        request = InitOperation.Request()
        request.brokers = "127.0.0.1:1"
        let ended = await run(request, in: folder, answers: ["Topic": nil])
        #expect(ended.failure?.message.contains("the input ended") == true, "\(ended)")
        let unnamed = await run(request, in: folder, answers: ["Task": "low, high"])
        #expect(unnamed.failure?.status == .usage)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func theTextIsFoundInTheRecordsAndNeverShown() async throws {
        let folder = try TemporaryFolder()
        try await withEmbeddedBroker(topics: ["tickets": 2, "empty": 1]) { broker in
            let producer = try broker.makeProducer()
            for index in 0..<6 {
                let body = String(repeating: "hunter\(index) ", count: 10 + index)
                let record = #"{"id":"\#(index)","customer":{"name":"Kim"},"ticket":{"body":"\#(body)"}}"#
                try producer.produce(topic: "tickets", partition: Int32(index % 2), payload: Array(record.utf8))
            }
            try producer.flush(timeout: .seconds(20))
            var request = Self.complete(brokers: broker.bootstrapServers)
            request.text = nil
            let outcome = await run(request, in: folder)
            #expect(try pipeline("tickets.yaml", in: folder).source.text.map(\.description) == ["/ticket/body"])
            #expect(outcome.talk.notes.contains("6 records: 6 JSON"), "\(outcome.talk.notes)")
            #expect(outcome.talk.notes.contains("  /ticket/body: in 6, 80 to 120 characters"), "\(outcome.talk.notes)")
            #expect(!"\(outcome.talk.notes)".contains("hunter") && !"\(outcome.talk.notes)".contains("Kim"))
            request.topic = "empty"
            let empty = await run(request, in: folder)
            #expect(empty.talk.notes.contains("the topic has no records yet"), "\(empty.talk.notes)")
            request.topic = "ticketss"
            let missing = await run(request, in: folder)
            #expect(
                missing.talk.notes.contains("there is no topic ticketss yet (did you mean tickets?)"),
                "\(missing.talk.notes)")
        }
    }

    // MARK: - Avro

    private static let schema = """
        {"type":"record","name":"Ticket","fields":[{"name":"id","type":"string"},
          {"name":"mail","type":{"type":"record","name":"Mail","fields":[
            {"name":"subject","type":["null","string"]},{"name":"body","type":"string"}]}}]}
        """

    /// Runs `body` with a topic of six records as producers of Avro write them, and with the registry of their schema.
    private func withTickets(
        _ body: (_ request: InitOperation.Request, _ registry: RegistryServer, _ folder: TemporaryFolder) async throws
            -> Void
    ) async throws {
        // A string of at most 63 bytes, behind its length.
        func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count * 2)] + Array(text.utf8) }
        let folder = try TemporaryFolder()
        try TestBase.write(to: folder.path + "/base")
        let registry = try RegistryServer()
        registry.register(7, schema: Self.schema)
        try await withEmbeddedBroker(topics: ["tickets": 1]) { broker in
            let producer = try broker.makeProducer()
            for index in 0..<6 {
                let subject = index % 2 == 0 ? [0] : [2] + string("Kim")
                let record = string("4711") + subject + string("the hunter has \(index) arrows and a bow")
                try producer.produce(topic: "tickets", partition: 0, payload: [0, 0, 0, 0, 7] + record)
            }
            try producer.flush(timeout: .seconds(20))
            var request = Self.complete(brokers: broker.bootstrapServers)
            (request.text, request.base, request.registry) = (nil, "base", registry.url)
            try await body(request, registry, folder)
        }
    }

    @Test func theTextOfAvroRecordsIsFoundThroughTheRegistry() async throws {
        try await withTickets { request, registry, folder in
            let outcome = await run(request, in: folder)
            let notes = outcome.talk.notes
            #expect(
                notes.prefix(4) == [
                    "6 records: 6 with a schema of a registry", "  /mail/body: in 6, 33 to 33 characters",
                    "  /id: in 6, 4 to 4 characters", "  /mail/subject: in 3, 3 to 3 characters",
                ], "\(notes)")
            #expect(!"\(notes)".contains("hunter") && !"\(notes)".contains("Kim"))
            #expect(registry.state.value.requests == ["/schemas/ids/7"])
            let pipeline = try pipeline("tickets.yaml", in: folder)
            #expect(pipeline.source.text.map(\.description) == ["/mail/body"])
            #expect(pipeline.source.registry?.url == registry.url)
            let environment = PipelineEnvironment(
                variables: ["DATABASE_URL": "postgresql://h/d"], workingDirectory: folder.path)
            let report = await CheckOperation.run(
                files: ["tickets.yaml"], options: CheckOperation.Options(database: false, environment: environment))
            #expect(report.status == .done, "\(report.findings)")
        }
    }

    @Test func theRegistryMayBeAVariable() async throws {
        try await withTickets { request, registry, folder in
            var request = request
            request.registry = nil
            let outcome = await run(request, in: folder, variables: ["SCHEMA_REGISTRY": registry.url])
            #expect(outcome.talk.notes.contains { $0.hasPrefix("  /mail/body: in 6") }, "\(outcome.talk.notes)")
            let text = try String(contentsOfFile: folder.path + "/tickets.yaml", encoding: .utf8)
            #expect(text.contains("${SCHEMA_REGISTRY:-http://localhost:8081}"), "\(text)")
        }
    }

    /// Also then a file is written, with a place for the text that somebody must look at.
    @Test func aRegistryThatCannotHelpIsSaid() async throws {
        try await withTickets { request, registry, folder in
            var request = request
            request.force = true
            registry.state.update { $0.outage = RegistryServer.Answer(status: 503, body: "") }
            let away = await run(request, in: folder)
            let notes = away.talk.notes
            #expect(
                notes.contains { $0.hasPrefix("  their schema cannot be used: ") && $0.contains("503") }, "\(notes)")
            let pointers = try pipeline("tickets.yaml", in: folder).source.text.map(\.description)
            #expect(pointers == ["/text"])
            registry.state.update { ($0.answers, $0.outage) = ([:], nil) }
            let unknown = await run(request, in: folder)
            #expect(
                unknown.talk.notes.contains(
                    "  their schema cannot be used: the schema registry has no schema 7"), "\(unknown.talk.notes)")
            #expect(unknown.path == "tickets.yaml")
        }
    }
}

/// What records look like.
struct TopicSampleTests {
    private func sample(_ payloads: [UInt8]?...) -> TopicSample {
        var sample = TopicSample()
        for payload in payloads {
            sample.add(SourceMessage(origin: Origin(topic: "t", partition: 0, offset: 0), payload: payload))
        }
        return sample
    }

    @Test func plainTextNeedsNoPointer() {
        let sample = sample(Array("a text".utf8), Array("7".utf8), Array("[1]".utf8), nil)
        #expect(sample.records == 3 && sample.text == 3 && sample.proposal == nil && !sample.needsRegistry)
        #expect(sample.lines == ["3 records: 3 text"])
    }

    @Test func theLongestStringIsProposedNotTheMostFrequentOne() {
        let one = Array(#"{"id":"1234567890","a/b":{"c~d":"a rather long text of a person"}}"#.utf8)
        let other = Array(#"{"id":"1234567890"}"#.utf8)
        let sample = sample(one, other)
        #expect(sample.proposal == "/a~1b/c~0d")
        #expect(sample.fields.map(\.records) == [2, 1])
    }

    @Test func aSchemaOfARegistryIsRecognized() {
        let sample = sample([0, 0, 0, 0, 7, 2, 65], [0, 0, 0, 0, 7, 2, 66])
        #expect(sample.needsRegistry && sample.proposal == nil && sample.fields.isEmpty)
        #expect(sample.lines == ["2 records: 2 with a schema of a registry"])
        var decoded = TopicSample()
        decoded.add(
            SourceMessage(
                origin: Origin(topic: "t", partition: 0, offset: 0), payload: [0, 0, 0, 0, 7, 2, 65]),
            decoded: .value(.object([("title", .string("A")), ("text", .string("A review"))])))
        #expect(decoded.proposal == "/text" && decoded.needsRegistry)
    }

    @Test func binaryAndDeepRecordsAreOnlyCounted() {
        let deep = String(repeating: #"{"a":"#, count: 40) + #""x""# + String(repeating: "}", count: 40)
        let sample = sample([0xFF, 0xFE, 0x80], Array(deep.utf8))
        #expect(sample.records == 2 && sample.json == 1 && sample.fields.isEmpty && sample.proposal == nil)
        #expect(TopicSample().lines == ["the topic has no records yet"])
    }
}
