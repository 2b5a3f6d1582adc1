import Foundation
import Testing

@testable import Daemon

/// Every metric has a HELP line and a row in `docs/metrics.md`.
@Suite struct MetricDescriptionsTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The names of metrics in the source of a module.
    private static func names(in path: String) throws -> Set<String> {
        let source = try String(contentsOf: root.appendingPathComponent("Sources/\(path)"), encoding: .utf8)
        return Set(source.matches(of: /static let \w+ = "((?:lorikeet|process)_\w+)"/).map { String($0.1) })
    }

    @Test func everyMetricIsDescribedOnce() throws {
        let names = try Self.names(in: "Serving/Telemetry/MetricNames.swift")
            .union(Self.names(in: "Daemon/Metrics/DaemonMetricNames.swift"))
        #expect(names.count > 20)
        #expect(MetricDescriptions.all.map(\.name).sorted() == names.sorted())
        for metric in MetricDescriptions.all { #expect(metric.help.hasSuffix("."), "\(metric.name)") }
    }

    /// The type of a metric follows from its name, as Prometheus has it.
    @Test func onlyCountersEndInTotal() {
        for metric in MetricDescriptions.all {
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
        }
    }

    /// With `LORIKEET_UPDATE_DOCUMENTS=1` the test writes the page.
    @Test func thePageListsEveryMetric() throws {
        let file = Self.root.appendingPathComponent("docs/metrics.md")
        let committed = try String(contentsOf: file, encoding: .utf8)
        let start = try #require(committed.range(of: "## "), "docs/metrics.md has no table")
        let expected = committed[..<start.lowerBound] + MetricDescriptions.tables
        if ProcessInfo.processInfo.environment["LORIKEET_UPDATE_DOCUMENTS"] == "1" {
            try Data(expected.utf8).write(to: file)
        } else {
            #expect(committed == expected, "LORIKEET_UPDATE_DOCUMENTS=1 make test FILTER=MetricDescriptionsTests")
        }
    }
}
