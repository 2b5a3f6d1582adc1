import Testing

@testable import Daemon

@Test func aPageHasHelpTypeAndSamplesInOrder() {
    let registry = PrometheusRegistry(descriptions: ["b_total": "Back\\slash\nand \"quotes\"."])
    registry.makeCounter(label: "b_total", dimensions: [("pipeline", "two")]).increment(by: 3)
    registry.makeCounter(label: "b_total", dimensions: [("pipeline", "one")]).increment(by: 1)
    registry.makeCounter(label: "b_total", dimensions: [("pipeline", "two")]).increment(by: 4)
    registry.setGauge("a.value", to: 0.25)
    #expect(
        registry.text() == """
            # TYPE a_value gauge
            a_value 0.25
            # HELP b_total Back\\\\slash\\nand "quotes".
            # TYPE b_total counter
            b_total{pipeline="one"} 1
            b_total{pipeline="two"} 7

            """)
}

@Test func labelValuesAreEscaped() {
    let registry = PrometheusRegistry(descriptions: [:])
    registry.setGauge("g", [("a-b", "say \"hi\"\\\nbye"), ("1st", "ü")], to: -2)
    #expect(registry.text() == "# TYPE g gauge\ng{_1st=\"ü\",a_b=\"say \\\"hi\\\"\\\\\\nbye\"} -2\n")
}

@Test func timersBecomeHistogramsInSeconds() {
    let registry = PrometheusRegistry(descriptions: [:])
    let timer = registry.makeTimer(label: "store", dimensions: [("p", "x")])
    for nanoseconds: Int64 in [400_000, 1_000_000, 1_000_001, 120_000_000_000] { timer.recordNanoseconds(nanoseconds) }
    let lines = registry.text().split(separator: "\n").map(String.init)
    #expect(lines[0] == "# TYPE store_seconds histogram")
    #expect(lines.contains("store_seconds_bucket{p=\"x\",le=\"0.0005\"} 1"))
    #expect(lines.contains("store_seconds_bucket{p=\"x\",le=\"0.001\"} 2"))
    #expect(lines.contains("store_seconds_bucket{p=\"x\",le=\"60\"} 3"))
    #expect(lines.contains("store_seconds_bucket{p=\"x\",le=\"+Inf\"} 4"))
    #expect(lines.contains("store_seconds_count{p=\"x\"} 4"))
}

@Test func specialNumbersAreWrittenAsGoReadsThem() {
    #expect(
        [Double.infinity, -.infinity, .nan, 0, 1e20, 1.5, -3].map(PrometheusText.number) == [
            "+Inf", "-Inf", "NaN", "0", "1e+20", "1.5", "-3",
        ])
}

@Test func oneNameIsOneKindOfMetric() {
    let registry = PrometheusRegistry(descriptions: [:])
    registry.makeCounter(label: "x", dimensions: []).increment(by: 1)
    registry.setGauge("x", to: 5)
    #expect(registry.text() == "# TYPE x counter\nx 1\n")
}

@Test func aDestroyedMetricLeavesThePage() {
    let registry = PrometheusRegistry(descriptions: [:])
    let counter = registry.makeCounter(label: "x", dimensions: [])
    registry.destroyCounter(counter)
    #expect(registry.text() == "")
}

@Test func processFiguresAreOnThePage() {
    var readings = PrometheusReadings()
    ProcessMetrics.read(into: &readings)
    let page = "\n" + PrometheusRegistry().text(adding: readings)
    for name in [
        "process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds", "process_open_fds",
        "process_max_fds", "process_virtual_memory_bytes",
    ] {
        #expect(page.contains("\n\(name) "))
    }
}

@Test func seriesBeyondTheLimitAreCountedAndKeptOffThePage() {
    let registry = PrometheusRegistry(descriptions: [:], seriesLimit: 3)
    for index in 0..<5 {
        registry.makeCounter(label: "x_total", dimensions: [("n", String(index))]).increment(by: 1)
    }
    registry.makeCounter(label: "x_total", dimensions: [("n", "0")]).increment(by: 1)
    var readings = PrometheusReadings(seriesLimit: 3)
    for index in 0..<4 { readings.set("y", [("n", String(index))], to: 1) }
    readings.set("y", [("n", "0")], to: 2)
    let page = registry.text(adding: readings)
    #expect(page.contains("x_total{n=\"0\"} 2\n") && page.contains("x_total{n=\"2\"} 1\n"))
    #expect(!page.contains("n=\"3\"") && page.contains("y{n=\"0\"} 2\n"))
    #expect(page.contains("lorikeet_omitted_series_total{metric=\"x_total\"} 2\n"))
    #expect(page.contains("lorikeet_omitted_series_total{metric=\"y\"} 1\n"))
}

@Test func whatIsReadForAPageIsOnThatPageAlone() {
    let registry = PrometheusRegistry(descriptions: ["x": "X."])
    var readings = PrometheusReadings()
    readings.set("x", [("task", "role")], to: 1)
    #expect(registry.text(adding: readings) == "# HELP x X.\n# TYPE x gauge\nx{task=\"role\"} 1\n")
    #expect(registry.text() == "")
}

@Test func theSeriesOfWhatIsGoneAreRemoved() {
    let registry = PrometheusRegistry(descriptions: [:])
    for pipeline in ["old", "new"] { registry.setGauge("ready", [("pipeline", pipeline)], to: 1) }
    registry.makeCounter(label: "x_total", dimensions: [("pipeline", "old"), ("task", "role")]).increment(by: 1)
    registry.makeCounter(label: "x_total", dimensions: [("pipeline", "new"), ("task", "role")]).increment(by: 2)
    registry.removeSeries((name: "pipeline", value: "old"))
    let page = registry.text()
    #expect(
        page == "# TYPE ready gauge\nready{pipeline=\"new\"} 1\n"
            + "# TYPE x_total counter\nx_total{pipeline=\"new\",task=\"role\"} 2\n")
    registry.removeSeries((name: "pipeline", value: "new"), (name: "task", value: "other"))
    #expect(registry.text() == page)
    registry.removeSeries((name: "pipeline", value: "new"), (name: "task", value: "role"))
    #expect(registry.text() == "# TYPE ready gauge\nready{pipeline=\"new\"} 1\n")
}

@Test func bucketsFitWhatIsMeasured() {
    #expect(HistogramBounds.bounds(for: "lorikeet_delivery_seconds").last == 300)
    #expect(HistogramBounds.bounds(for: "lorikeet_end_to_end_seconds").last == 86_400)
    #expect(HistogramBounds.bounds(for: "lorikeet_batch_tokens").contains(512))
    for bounds in [
        HistogramBounds.seconds, HistogramBounds.delivery, HistogramBounds.endToEnd, HistogramBounds.retraining,
        HistogramBounds.tokens, HistogramBounds.shares,
    ] {
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
    }
}
