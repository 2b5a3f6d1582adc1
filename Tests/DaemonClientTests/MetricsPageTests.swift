import Testing

@testable import DaemonClient

@Suite struct MetricsPageTests {
    @Test func aSumCountsTheSamplesThatHaveTheGivenLabels() {
        let page = MetricsPage(
            text: """
                # HELP lorikeet_labels_total Labels.
                # TYPE lorikeet_labels_total counter
                lorikeet_labels_total{pipeline="packages",task="section"} 12
                lorikeet_labels_total{pipeline="packages",task="role"} 11
                lorikeet_up 1
                """)
        #expect(page.sum("lorikeet_labels_total") == 23)
        #expect(page.sum("lorikeet_labels_total", ["task": "role"]) == 11)
        #expect(page.sum("lorikeet_up") == 1)
        #expect(page.sum("lorikeet_missing") == 0)
    }

    @Test func labelValuesMayHoldCommasQuotesAndBraces() {
        let page = MetricsPage(
            text: #"m{a="x,y",b="say \"hi\" }",c="1\\2\n3"} 4 1700000000000"# + "\n# EOF\nbroken{a=\"x 1\n\nnaked\n")
        #expect(page.samples.count == 1)
        #expect(page.samples.first?.labels == ["a": "x,y", "b": "say \"hi\" }", "c": "1\\2\n3"])
        #expect(page.value("m") == 4 && page.value("n") == nil)
    }

    /// The daemon escapes nothing but `\n`.
    @Test(arguments: ["\u{2028}", "\u{85}", "\r", "\u{B}"]) func otherLineEndsMayStandInALabel(end: String) {
        let page = MetricsPage(text: "m{a=\"x\(end)y\"} 4\nm{a=\"z\"} 5\n")
        #expect(page.samples.map(\.labels) == [["a": "x\(end)y"], ["a": "z"]] && page.sum("m") == 9)
    }

    @Test func aQuantileIsLinearWithinItsBucket() throws {
        func page(_ counts: [Int]) -> MetricsPage {
            let lines = zip(["0.1", "0.5", "1", "+Inf"], counts).map { "h_bucket{le=\"\($0)\",p=\"x\"} \($1)" }
            return MetricsPage(text: lines.joined(separator: "\n"))
        }
        let reading = page([10, 50, 90, 100])
        #expect(reading.quantile(0.1, of: "h") == 0.1)
        let median = try #require(reading.quantile(0.5, of: "h", ["p": "x"]))
        #expect(abs(median - 0.5) < 1e-12)
        #expect(reading.quantile(0.99, of: "h") == 1, "above the last bound")
        #expect(reading.quantile(0.5, of: "h", ["p": "y"]) == nil)
        let later = page([10, 50, 190, 200])
        let since = try #require(later.quantile(0.5, of: "h", since: reading))
        #expect(abs(since - 0.75) < 1e-12)
        #expect(reading.quantile(0.5, of: "h", since: reading) == nil)
    }
}
