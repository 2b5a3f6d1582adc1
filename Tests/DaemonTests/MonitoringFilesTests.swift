import Foundation
import Testing

@testable import Daemon

/// The alert rules, the dashboard and the runbook name what there is.
@Suite struct MonitoringFilesTests {
    /// An alert of `alerts.yaml`.
    private struct Alert {
        let name: String
        var expression = ""
        var runbook = ""
        var severity = ""
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Reads the form in which the file is written: one key per line, expressions of several lines in a block.
    private static func alerts() throws -> [Alert] {
        var alerts: [Alert] = []
        var block = 0
        for line in try text("packaging/monitoring/alerts.yaml").split(separator: "\n") {
            let indent = line.prefix { $0 == " " }.count
            let key = line.dropFirst(indent).prefix { $0 != ":" }
            let value = line.dropFirst(indent + key.count + 1).trimmingCharacters(in: .whitespaces)
            if block > 0, indent > block {
                alerts[alerts.count - 1].expression += line.dropFirst(indent) + "\n"
                continue
            }
            block = 0
            switch key {
            case "- alert": alerts.append(Alert(name: value))
            case "expr" where value == "|": block = indent
            case "expr": alerts[alerts.count - 1].expression = value.trimmingCharacters(in: ["'"])
            case "runbook_url": alerts[alerts.count - 1].runbook = value
            case "labels": alerts[alerts.count - 1].severity = value
            default: break
            }
        }
        return alerts
    }

    private static func dashboard() throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text("packaging/monitoring/dashboard.json").utf8))
    }

    /// The strings under a key, at any depth.
    private static func strings(under key: String, in value: Any) -> [String] {
        if let list = value as? [Any] { return list.flatMap { strings(under: key, in: $0) } }
        guard let object = value as? [String: Any] else { return [] }
        return object.flatMap { name, value in
            (name == key ? [value as? String].compactMap(\.self) : []) + strings(under: key, in: value)
        }
    }

    // MARK: - Expressions

    /// Labels that Prometheus adds.
    private static let added: Set<String> = ["job", "instance"]

    /// What is wrong with the names in an expression.
    private static func problems(in expression: String) -> [String] {
        let expression = MetricExpression(expression)
        var problems = expression.selectors.isEmpty ? ["no metric"] : []
        var known = added
        for selector in expression.selectors {
            guard let labels = labels(of: selector.metric) else {
                problems.append("no metric \(selector.metric)")
                continue
            }
            known.formUnion(labels)
            for label in selector.labels where !labels.union(added).contains(label) {
                problems.append("\(selector.metric) has no label \(label)")
            }
        }
        for label in expression.grouping where !known.contains(label) { problems.append("no label \(label)") }
        return problems
    }

    /// The labels of a series; nil if there is none of this name.
    private static func labels(of series: String) -> Set<String>? {
        // Prometheus' own.
        if series == "up" { return [] }
        for metric in MetricDescriptions.all {
            let labels = Set(metric.labels)
            if metric.kind != .histogram {
                if series == metric.name { return labels }
            } else if series == metric.name + "_bucket" {
                return labels.union(["le"])
            } else if series == metric.name + "_sum" || series == metric.name + "_count" {
                return labels
            }
        }
        return nil
    }

    @Test func everyAlertNamesMetricsAndLabelsThatExist() throws {
        let alerts = try Self.alerts()
        #expect(alerts.count > 20)
        #expect(Set(alerts.map(\.name)).count == alerts.count)
        for alert in alerts {
            #expect(Self.problems(in: alert.expression) == [], "\(alert.name): \(alert.expression)")
            #expect(["critical", "warning", "info"].contains { alert.severity == "{ severity: \($0) }" })
        }
    }

    @Test func everyPanelNamesMetricsAndLabelsThatExist() throws {
        let dashboard = try Self.dashboard()
        let expressions = Self.strings(under: "expr", in: dashboard)
        #expect(expressions.count > 40)
        for expression in expressions { #expect(Self.problems(in: expression) == [], "\(expression)") }
        let variables = Self.strings(under: "definition", in: dashboard)
        #expect(variables.count == 4)
        for variable in variables {
            let arguments = variable.dropFirst("label_values(".count).dropLast()
            let label = arguments.split(separator: ",").last?.trimmingCharacters(in: .whitespaces) ?? ""
            let metric = arguments.dropLast(label.count + 2)
            #expect(Self.problems(in: "sum by (\(label)) (\(metric))") == [], "\(variable)")
        }
    }

    @Test(arguments: [
        ("lorikeet_nothing > 0", ["no metric lorikeet_nothing"]),
        ("rate(lorikeet_messages_total{task=\"a\"}[5m])", ["lorikeet_messages_total has no label task"]),
        ("sum by (stage) (lorikeet_messages_total)", ["no label stage"]),
        ("lorikeet_delivery_seconds > 1", ["no metric lorikeet_delivery_seconds"]),
        ("histogram_quantile(0.9, sum by (le, pipeline) (rate(lorikeet_delivery_seconds_bucket[5m])))", []),
        ("a and on (instance) lorikeet_workers{instance=~\".*lorikeet_x.*\"} offset 1w > 1e3", ["no metric a"]),
        ("1 + 2", ["no metric"]),
    ])
    func wrongNamesAreFound(expression: String, problems: [String]) {
        #expect(Self.problems(in: expression) == problems)
    }

    // MARK: - Runbook

    /// Each alert has its section, each section its alert, and the alert links there.
    @Test func theRunbookHasEveryAlert() throws {
        let alerts = try Self.alerts()
        let sections = try Self.text("docs/runbook.md").split(separator: "\n## ").dropFirst()
        let headings = sections.map { String($0.prefix { $0 != "\n" }) }
        #expect(headings == alerts.map(\.name))
        for section in sections {
            for part in ["**Meaning.**", "**Look.**", "**Do.**"] {
                #expect(section.contains("\n\(part) "), "\(section.prefix(30)): \(part)")
            }
        }
        for alert in alerts {
            #expect(alert.runbook.hasSuffix("/docs/runbook.md#\(alert.name.lowercased())"), "\(alert.name)")
        }
    }

    /// `promtool test rules` runs them: `make test-monitoring`.
    @Test func everyAlertIsTestedToFireAndToBeQuiet() throws {
        let tests = try Self.text("packaging/monitoring/alerts.test.yaml").split(separator: "\n")
            .filter { $0.hasPrefix("  - name: ") }.map { $0.dropFirst("  - name: ".count) }
        #expect(tests.map(String.init) == (try Self.alerts().flatMap { ["\($0.name) fires", "\($0.name) is quiet"] }))
    }
}
