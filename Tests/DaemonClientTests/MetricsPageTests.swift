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
}
