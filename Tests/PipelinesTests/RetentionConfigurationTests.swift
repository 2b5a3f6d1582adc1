import Serving
import Testing

@testable import Pipelines

/// The keys of `retention`.
struct RetentionConfigurationTests {
    /// Reads a pipeline file with this value of `retention`; an empty one: without the key.
    private func read(_ value: String) -> (retention: RetentionPolicy?, problems: [String]) {
        let text = """
            name: a
            base: b
            source: { kafka: { brokers: "h:1", topics: [t], group: g } }
            tasks: { x: { labels: [p, q] } }
            sink: { postgres: "postgresql://h/d" }
            \(value.isEmpty ? "" : "retention: \(value)")
            """
        let environment = PipelineEnvironment(
            variables: [:], credentialsDirectory: nil, workingDirectory: "/nowhere")
        let problems = ProblemCollector(file: "p.yaml")
        let pipeline = PipelineFile.parse(text, file: "p.yaml", environment: environment, problems: problems)
        return (pipeline?.retention, problems.error?.problems.map(\.description) ?? [])
    }

    private static let day = Duration.seconds(86400)

    @Test func everyKeyIsRead() {
        let (found, problems) = read(
            "{ labels: 365d, rejected: 30d, texts: 90d, history: 180d, shadow_labels: 12h }")
        var expected = RetentionPolicy()
        expected.labels = Self.day * 365
        expected.rejected = Self.day * 30
        expected.texts = Self.day * 90
        expected.history = Self.day * 180
        expected.shadowLabels = Self.day / 2
        #expect(problems == [])
        #expect(found == expected && found?.keepsEverything == false)
    }

    @Test(arguments: ["", "{}"]) func withoutKeysEverythingIsKept(value: String) {
        let (found, problems) = read(value)
        #expect(problems == [] && found?.keepsEverything == true)
    }

    @Test(arguments: ["{ texts: 90d }", "{ rejected: 1h }", "{ labels: 30d, texts: 30d }"])
    func anyPartWillDo(value: String) {
        #expect(read(value).problems == [])
    }

    @Test(arguments: [
        ("{ labels: 0s }", "retention.labels: must be from 1h to 36600d"),
        ("{ labels: 59m }", "retention.labels: must be from 1h to 36600d"),
        ("{ labels: -30d }", "retention.labels: must be a duration"),
        ("{ labels: 30 }", "retention.labels: must be a duration"),
        ("{ labels: for ever }", "retention.labels: must be a duration"),
        ("{ labels: 36601d }", "retention.labels: must be a duration"),
        ("{ rejected: [30d] }", "retention.rejected: must be a duration"),
        ("{ labels: 30d, texts: 31d }", "retention.texts: is longer than retention.labels, 30d"),
        ("{ labels: 30d, history: 31d }", "retention.history: is longer than retention.labels, 30d"),
        ("{ labels: 30d, shadow_labels: 31d }", "retention.shadow_labels: is longer than retention.labels, 30d"),
        ("{ annotations: 30d }", "retention.annotations: unknown key"),
        ("30d", "retention: must be a mapping"), ("~", "retention: has no value"),
    ])
    func badValuesAreRefused(value: String, reason: String) {
        let (found, problems) = read(value)
        #expect(found == nil)
        #expect(problems.count == 1 && problems[0].contains(reason), "\(problems)")
    }
}
