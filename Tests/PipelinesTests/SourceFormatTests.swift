import JSON
import Serving
import Testing

@testable import Pipelines

/// The keys of `source` that say what a record is.
struct SourceFormatTests {
    /// Reads a pipeline file with these lines under `source`.
    private func read(
        _ lines: String, variables: [String: String] = [:]
    ) -> (source: SourceConfiguration?, problems: [String]) {
        let text = """
            name: a
            base: b
            source:
              kafka: { brokers: "h:1", topics: [t], group: g }
            \(lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
            tasks: { x: { labels: [p, q] } }
            sink: { postgres: "postgresql://h/d" }
            """
        let environment = PipelineEnvironment(
            variables: variables, credentialsDirectory: nil, workingDirectory: "/nowhere")
        let problems = ProblemCollector(file: "p.yaml")
        let pipeline = PipelineFile.parse(text, file: "p.yaml", environment: environment, problems: problems)
        return (pipeline?.source, problems.error?.problems.map(\.description) ?? [])
    }

    @Test(arguments: [("static", GroupInstance.static), ("dynamic", .dynamic)])
    func theKindOfMemberIsRead(_ value: String, _ expected: GroupInstance) {
        func kafka(_ keys: String) -> (PipelineConfiguration?, [String]) {
            let text = """
                name: a
                base: b
                source: { kafka: { brokers: "h:1", topics: [t], group: g\(keys) } }
                tasks: { x: { labels: [p, q] } }
                sink: { postgres: "postgresql://h/d" }
                """
            let problems = ProblemCollector(file: "p.yaml")
            let environment = PipelineEnvironment(variables: [:], workingDirectory: "/nowhere")
            let pipeline = PipelineFile.parse(text, file: "p.yaml", environment: environment, problems: problems)
            return (pipeline, problems.error?.problems.map(\.description) ?? [])
        }
        #expect(kafka(", group_instance: \(value)").0?.source.groupInstance == expected)
        #expect(kafka("").0?.source.groupInstance == nil)
        let both = kafka(", group_instance: \(value), properties: { group.instance.id: mine }").1
        #expect(both.count == 1 && both[0].hasPrefix("p.yaml:3: source.kafka.group_instance: and "), "\(both)")
        #expect(kafka(", group_instance: sticky").1.count == 1)
    }

    @Test func everyKeyIsRead() throws {
        let lines = """
            format: avro
            schema_registry:
              { url: "https://r:8081/", username: "${USER}", password: "${SECRET}", ca: ca.pem, cache: 5 }
            text: [/subject, /body]
            key: /customer/id
            strip: html
            null_payload: drop
            start: 2026-01-31T06:00:00Z
            """
        let (found, problems) = read(lines, variables: ["USER": "reader", "SECRET": "hunter2"])
        #expect(problems == [])
        let source = try #require(found)
        #expect(source.format == .avro && source.strip == .html && source.nullPayload == .drop)
        #expect(source.text.map(\.description) == ["/subject", "/body"] && source.key?.description == "/customer/id")
        #expect(source.start == .time(1_769_839_200_000))
        let registry = try #require(source.registry)
        #expect(registry.url == "https://r:8081" && registry.certificates == "/nowhere/ca.pem" && registry.cache == 5)
        #expect(registry.username?.value == "reader" && registry.password?.value == "hunter2")
        #expect(!String(reflecting: source).contains("hunter2"))
    }

    @Test func withoutKeysNothingChanges() throws {
        let source = try #require(read("").source)
        #expect(source.format == nil && source.registry == nil && source.text.isEmpty && source.strip == nil)
        #expect(source.nullPayload == .reject && source.start == .earliest && source.key == nil)
        #expect(try #require(read("text: /a").source).text.map(\.description) == ["/a"])
    }

    @Test(arguments: [
        ("latest", SourceStart.latest), ("earliest", .earliest), ("2026-01-31", .time(1_769_817_600_000)),
        ("\"2026-01-31T06:00:00.250Z\"", .time(1_769_839_200_250)),
    ])
    func aStartIsAWordOrATime(text: String, start: SourceStart) {
        #expect(read("start: \(text)").source?.start == start)
    }

    @Test(arguments: [
        ("format: xml", "source.format: must be auto or text or json or avro"),
        ("format: avro", "source.format: needs source.schema_registry"),
        ("format: auto", "source.format: needs source.schema_registry"),
        ("schema_registry: { url: \"http://r\" }", "source.schema_registry: has no use without source.format"),
        (
            "format: json\nschema_registry: { url: \"http://r\" }",
            "source.schema_registry: has no use with source.format"
        ),
        ("format: text\ntext: /a", "source.text: has no use with source.format: text"),
        ("format: auto\nschema_registry: {}", "source.schema_registry.url: is missing"),
        ("format: auto\nschema_registry: { url: r }", "source.schema_registry.url: must be a URL such as"),
        ("format: auto\nschema_registry: { url: \"http://u:p@r\" }", "must not hold a user or a password"),
        ("format: auto\nschema_registry: { url: \"http://r\", password: x }", "password: needs username"),
        ("format: auto\nschema_registry: { url: \"http://r\", username: \"a:b\" }", "must not hold a colon"),
        ("format: auto\nschema_registry: { url: \"http://r\", cache: 0 }", "source.schema_registry.cache: must be"),
        ("protobuf: { descriptors: a, message: b }", "source.protobuf: Protobuf is not read"),
        ("text: []", "source.text: is empty"), ("text: [/a, b]", "source.text[1]: must be a JSON Pointer"),
        ("text: [/a, /a]", "source.text[1]: the pointer /a is listed twice"),
        ("format: text\nkey: /a", "source.key: has no use with source.format: text"),
        ("key: id", "source.key: must be a JSON Pointer such as /customer/id"),
        ("strip: tags", "source.strip: must be html"),
        ("null_payload: keep", "source.null_payload: must be reject or drop"),
        ("start: yesterday", "source.start: must be earliest, latest, or a time"),
        ("start: 2026-01-31 and more", "source.start: must be earliest, latest, or a time"),
        ("start: \"1950-01-01\"", "source.start: must be earliest, latest, or a time"),
    ])
    func whatIsWrongIsNamed(lines: String, words: String) {
        let problems = read(lines).problems
        #expect(problems.count == 1 && problems.first?.contains(words) == true, "\(problems)")
        #expect(!"\(problems)".contains("u:p"))
    }
}
