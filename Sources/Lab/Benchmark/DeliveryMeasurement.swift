import Connectors
import Foundation
import Serving

/// Measures the figures of `lorikeet benchmark delivery`.
public struct DeliveryMeasurement {
    let bench: DeliveryBench
    let runs: Int
    let seconds: Int
    let backlog: Int

    public init(bench: DeliveryBench, runs: Int, seconds: Int, backlog: Int) {
        self.bench = bench
        self.runs = runs
        self.seconds = seconds
        self.backlog = backlog
    }

    public func row(of figure: DeliveryFigure) async throws -> DeliveryRow {
        switch figure {
        case .throughput: try await throughput()
        case .sink: try await sink()
        case .unrouted: try await unrouted()
        case .latency: try await latency()
        case .backlog: try await memory()
        case .members: try await members()
        case .neighbour: try await neighbour()
        }
    }

    // MARK: - Rates

    private var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Documents a second of daemons that find the texts in the topic at once.
    private func delivered(daemons count: Int, workers: Int) async throws -> Double {
        let (name, topic) = (await bench.freshName("rate"), try await bench.makeTopic())
        let file = try await bench.pipeline(name, topic: topic)
        var daemons: [DaemonProcess] = []
        for _ in 0..<count { daemons.append(try await bench.start([file], workers: workers)) }
        try await bench.waitUntilAssigned(daemons)
        let texts = bench.texts
        try await bench.produce(texts.count, to: topic) { texts[$0] }
        try await bench.waitUntilStored(texts.count, pipeline: name)
        try await bench.end(daemons)
        return try await bench.storedPerSecond(pipeline: name)
    }

    /// The engine alone on the same texts, in a process of its own.
    private func classified() async throws -> Double {
        let (status, output) = try await DaemonProcess.run(
            ["benchmark", "classify", "--base", bench.base] + bench.input + ["--workers", "\(cores)"], environment: [:])
        let line = output.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""
        let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard status == 0, let rate = object?["documents_per_second"] as? Double else {
            throw DemoError("benchmark classify ended with \(status)")
        }
        return rate
    }

    private func throughput() async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs { pairs.append((try await delivered(daemons: 1, workers: cores), try await classified())) }
        return ratio(
            .throughput, "documents/s from topic to committed row, against the engine alone", pairs, goal: "0.95",
            "\(whole(pairs.map(\.0))) and \(whole(pairs.map(\.1))) documents/s")
    }

    private func members() async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs {
            pairs.append((try await delivered(daemons: 2, workers: 1), try await delivered(daemons: 1, workers: 2)))
        }
        return ratio(
            .members, "two daemons with one worker each, against one with two", pairs, goal: "0.95",
            "\(whole(pairs.map(\.0))) and \(whole(pairs.map(\.1))) documents/s")
    }

    private func sink() async throws -> DeliveryRow {
        let (tasks, batches) = (4, 12)
        // As many as the daemon stores at once.
        let messages = min(2048, max(1, backlog / batches))
        var rates: [Double] = []
        for _ in 0..<runs {
            let name = await bench.freshName("sink")
            let sink = PostgresLabelSink(PostgresSettings(dsn: bench.dsn), pipeline: name)
            try await sink.connect()
            let outcomes = (0..<batches).map { batch in
                (batch * messages..<(batch + 1) * messages).map { outcome($0, tasks: tasks) }
            }
            let start = ContinuousClock.now
            for batch in outcomes { _ = try await sink.store(batch) }
            rates.append(Double(batches * messages * tasks) / (ContinuousClock.now - start).inSeconds)
            await sink.close()
            try await bench.execute("TRUNCATE lorikeet.labels")
        }
        return DeliveryRow(
            figure: .sink, name: "rows/s into PostgreSQL by one sink connection", number: median(rates),
            value: spread(rates, 0),
            goal: "20000",
            details: "\(messages) messages with \(tasks) tasks and their text a transaction")
    }

    private func outcome(_ index: Int, tasks: Int) -> Outcome {
        let text = bench.texts[index % bench.texts.count]
        let message = SourceMessage(
            origin: Origin(topic: "texts", partition: Int32(index % 4), offset: Int64(index / 4)),
            key: Array("\(index)".utf8),
            payload: Array(text.utf8), producedAt: 1_700_000_000_000 + Int64(index))
        let labels = (0..<tasks).map { task in
            TaskLabel(
                task: "task \(task)", label: "label 1", score: 0.7,
                scores: (0..<4).map { ("label \($0)", $0 == 1 ? 0.7 : 0.1) },
                abstained: false, adapterDigest: String(repeating: "0123456789abcdef", count: 4))
        }
        return .labelled(LabelledMessage(message: message, text: text, labels: labels))
    }

    /// A daemon that is held to one core; the broker has the others.
    private func unrouted() async throws -> DeliveryRow {
        let partitions = Self.backlogPartitions
        let topic = try await bench.makeTopic(partitions: partitions)
        try await bench.produce(backlog, to: topic, partitions: partitions) { index in
            #"{"id":\#(index),"kind":"other","text":"Message \#(index % 1000) that no route of this pipeline is going to want"}"#
        }
        var rates: [Double] = []
        for _ in 0..<runs {
            let name = await bench.freshName("unrouted")
            let routes =
                "  text: /text\nroutes:\n  - { when: { json: { /kind: wanted } }, tasks: [\(DeliveryBench.task)] }\nunrouted: drop"
            let daemon = try await bench.start(
                [try await bench.pipeline(name, topic: topic, routes: routes)], workers: 1,
                launcher: ["/usr/bin/taskset", "-c", "\(cores - 1)"])
            @Sendable func dropped() -> Double { daemon.metrics()?.sum(MetricNames.dropped) ?? 0 }
            try await bench.wait("the first message") { @Sendable in dropped() > 0 }
            let (first, begun) = (dropped(), ContinuousClock.now)
            try await bench.wait("the last message") { @Sendable [backlog] in dropped() >= Double(backlog) }
            rates.append((Double(backlog) - first) / (ContinuousClock.now - begun).inSeconds)
            try await bench.end([daemon])
        }
        return DeliveryRow(
            figure: .unrouted, name: "messages/s consumed, parsed, routed and dropped as unrouted, one core",
            number: median(rates),
            value: spread(rates, 0), goal: "150000", details: "JSON of about 100 bytes")
    }

    // MARK: - Times

    private func latency() async throws -> DeliveryRow {
        let load = try await delivered(daemons: 1, workers: cores) / 2
        let (name, topic) = (await bench.freshName("latency"), try await bench.makeTopic())
        let daemon = try await bench.start([try await bench.pipeline(name, topic: topic)], workers: cores)
        try await bench.waitUntilAssigned([daemon])
        let warmUp = Int(load * 3)
        let count = Int(load * Double(seconds)) + warmUp
        try await bench.trickle(count, to: topic, perSecond: load)
        try await bench.waitUntilStored(count, pipeline: name)
        try await bench.end([daemon])
        let (median, p99) = try await bench.latency(pipeline: name, skipping: warmUp)
        return DeliveryRow(
            figure: .latency, name: "produced to committed at half load: median / 99th percentile, ms", number: median,
            value: String(format: "%.0f / %.0f", median, p99), goal: "70 / 270 (batch delay 20 ms + 50 / + 250)",
            details: String(format: "%.0f documents/s, %d texts", load, count - warmUp))
    }

    private func neighbour() async throws -> DeliveryRow {
        let topics = (try await makeBacklog(), try await bench.makeTopic())
        let names = (await bench.freshName("crowd"), await bench.freshName("few"))
        let files = [
            try await bench.pipeline(names.0, topic: topics.0), try await bench.pipeline(names.1, topic: topics.1),
        ]
        let daemon = try await bench.start(files, workers: cores)
        try await bench.waitUntilAssigned([daemon], partitions: Self.backlogPartitions + DeliveryBench.partitions)
        let rate = 5
        let warmUp = rate * 3
        let count = rate * seconds + warmUp
        try await bench.trickle(count, to: topics.1, perSecond: Double(rate))
        try await bench.waitUntilStored(count, pipeline: names.1)
        try await bench.end([daemon])
        let (median, p99) = try await bench.latency(pipeline: names.1, skipping: warmUp)
        return DeliveryRow(
            figure: .neighbour, name: "a few texts beside a backlog of \(backlog): 99th percentile, ms", number: p99,
            value: String(format: "%.0f", p99), goal: "1000",
            details: String(format: "median %.0f ms, %d texts, %d a second", median, count - warmUp, rate))
    }

    // MARK: - Memory

    private static let backlogPartitions = 20

    private func makeBacklog() async throws -> String {
        let topic = try await bench.makeTopic(partitions: Self.backlogPartitions)
        let texts = bench.texts
        try await bench.produce(backlog, to: topic, partitions: Self.backlogPartitions) { index in
            String(texts[index % texts.count].prefix(40))
        }
        return topic
    }

    /// With a database that takes 100 ms a commit.
    private func memory() async throws -> DeliveryRow {
        let topic = try await makeBacklog()
        for statement in [
            "ALTER SYSTEM SET commit_delay = 100000", "ALTER SYSTEM SET commit_siblings = 0", "SELECT pg_reload_conf()",
        ] {
            try await bench.execute(statement)
        }
        let name = await bench.freshName("backlog")
        let daemon = try await bench.start([try await bench.pipeline(name, topic: topic)], workers: cores)
        try await bench.waitUntilStored(1, pipeline: name)
        var samples: [Double] = []
        for _ in 0..<seconds {
            try await Task.sleep(for: .seconds(1))
            samples.append(Double(daemon.residentMegabytes ?? 0))
        }
        let page = daemon.metrics()
        let peak = daemon.peakMegabytes ?? 0
        let waiting = page?.sum(MetricNames.lag) ?? 0
        try await bench.end([daemon])
        for statement in ["ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()"] { try await bench.execute(statement) }
        let third = max(1, samples.count / 3)
        let (first, last) = (median(Array(samples.prefix(third))), median(Array(samples.suffix(third))))
        return DeliveryRow(
            figure: .backlog,
            name:
                "resident memory with a backlog of \(backlog) and 100 ms a commit, MB: first / last third of \(seconds) s",
            number: last, value: String(format: "%.0f / %.0f", first, last), goal: "flat, under 400",
            details: String(format: "peak %d MB; %.0f messages still waiting", peak, waiting))
    }

    // MARK: - Words

    private func ratio(
        _ figure: DeliveryFigure, _ name: String, _ pairs: [(Double, Double)], goal: String, _ details: String
    ) -> DeliveryRow {
        let ratios = pairs.map { $0.0 / $0.1 }
        return DeliveryRow(
            figure: figure, name: name, number: median(ratios), value: spread(ratios, 2), goal: goal, details: details)
    }

    private func whole(_ values: [Double]) -> String { String(format: "%.0f", median(values)) }

    private func spread(_ values: [Double], _ digits: Int) -> String {
        let shown = [median(values), values.min() ?? 0, values.max() ?? 0].map { String(format: "%.\(digits)f", $0) }
        return "\(shown[0]) (\(shown[1])–\(shown[2]))"
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
