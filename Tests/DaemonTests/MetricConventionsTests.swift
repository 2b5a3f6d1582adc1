import CoreMetrics
import Foundation
import Testing

@testable import Daemon

/// Every metric keeps to the conventions of Prometheus. `make test-monitoring` also asks `promtool`.
@Suite struct MetricConventionsTests {
    /// A page with every metric that there is. Each has two series where it has labels.
    private static func page(_ metrics: [MetricDescription] = MetricDescriptions.all) -> String {
        let registry = PrometheusRegistry()
        for metric in metrics {
            for value in metric.labels.isEmpty ? [""] : ["a", "b \"quoted\" \\ and\nbroken"] {
                let labels = metric.labels.map { ($0, value) }
                switch metric.kind {
                case .counter: registry.makeCounter(label: metric.name, dimensions: labels).increment(by: 3)
                case .gauge: registry.setGauge(metric.name, labels, to: 1.5)
                case .histogram:
                    registry.makeRecorder(label: metric.name, dimensions: labels, aggregate: true).record(0.3)
                }
            }
        }
        return registry.text()
    }

    @Test func everyMetricKeepsToTheConventions() {
        #expect(PrometheusLint(Self.page()).problems == [])
        #expect(Self.page().contains("lorikeet_delivery_seconds_bucket{pipeline=\"a\",le=\"0.5\"} 1\n"))
    }

    /// A check that finds nothing would hold for every page.
    @Test(arguments: [
        ("# TYPE a gauge\na 1\n", "a: no HELP"),
        ("# HELP a A.\n# TYPE a counter\na 1\n", "a: _total is for counters, and for all of them"),
        (
            "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n",
            "a_total: _total is for counters, and for all of them"
        ),
        ("# HELP a_count A.\n# TYPE a_count gauge\na_count 1\n", "a_count: the suffix is for histograms"),
        ("# HELP a_ms A.\n# TYPE a_ms gauge\na_ms 1\n", "a_ms: ms abbreviates a unit"),
        ("# HELP a_minutes A.\n# TYPE a_minutes gauge\na_minutes 1\n", "a_minutes: minutes instead of seconds"),
        ("# HELP a_gauge A.\n# TYPE a_gauge gauge\na_gauge 1\n", "a_gauge: gauge is a type"),
        ("# HELP aB A.\n# TYPE aB gauge\naB 1\n", "aB: not in snake case"),
        ("# HELP a A.\n# TYPE a gauge\na{b=\"c\"} 1\na{b=\"c\"} 2\n", "a{b=\"c\"}: twice"),
        ("# HELP a A.\n# TYPE a gauge\nb 1\n", "b: a sample among those of a"),
        ("# HELP a A.\n# TYPE a gauge\na one\n", "a: one"),
        ("# HELP a A.\n# TYPE a gauge\na{le=\"1\"} 1\n", "a: the label le is reserved"),
        ("# HELP a A.\n# TYPE a gauge\na{aB=\"1\"} 1\n", "a: label aB"),
    ])
    func eachBrokenRuleIsFound(page: String, problem: String) {
        #expect(PrometheusLint(page).problems == [problem])
    }

    /// Checked where `promtool` is installed, or where PROMTOOL names it.
    @Test(.enabled(if: promtool != nil, "promtool is not installed: make test-monitoring fetches it"))
    func promtoolFindsNothing() throws {
        let program = try #require(Self.promtool)
        #expect(try Self.check(Self.page(), by: program) == "0 ")
        #expect(try Self.check("# TYPE a_total gauge\na_total 1\n", by: program).hasPrefix("3 "))
    }

    private static let promtool: String? = {
        let environment = ProcessInfo.processInfo.environment
        let places =
            [environment["PROMTOOL"]].compactMap(\.self)
            + (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/promtool" }
        return places.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// The status, and what promtool says.
    private static func check(_ page: String, by program: String) throws -> String {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["check", "metrics"]
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, output)
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(page.utf8))
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return "\(process.terminationStatus) \(text)"
    }
}
