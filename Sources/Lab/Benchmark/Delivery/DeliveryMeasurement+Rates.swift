import Connectors
import JSON
import Reports
import Serving
import Threading

/// The figures that are rates, or ratios of rates from alternating runs.
extension DeliveryMeasurement {
    /// Documents per second of daemons that find all texts in the topic at once.
    ///
    /// - Parameter output: the topic where they publish the labels; nil: nowhere.
    func delivered(daemons count: Int, workers: Int, output: String? = nil) async throws -> Double {
        let (name, topic) = (await testbed.freshName("rate"), try await testbed.makeTopic())
        var pipeline = await testbed.pipeline(name, topic: topic)
        pipeline.publishes = output.map { "{ topic: \"\($0)\" }" }
        var daemons: [DaemonProcess] = []
        for _ in 0..<count { daemons.append(try await testbed.start([pipeline], workers: workers)) }
        try await testbed.waitUntilAssigned(daemons)
        try await deliverTexts(to: topic, pipeline: name)
        try await testbed.end(daemons)
        return try await testbed.database.storedPerSecond(pipeline: name)
    }

    /// Produces all texts at once and waits until they are stored.
    func deliverTexts(to topic: String, pipeline: String) async throws {
        let texts = testbed.texts
        try await testbed.produce(texts.count, to: topic) { texts[$0] }
        try await testbed.waitUntilStored(texts.count, pipeline: pipeline)
    }

    /// Documents per second of the engine alone on the same texts, in a process of its own.
    private func classified() async throws -> Double {
        let (status, output) = try await OwnProgram.run(
            ["benchmark", "classify", "--base", testbed.base] + testbed.input + ["--workers", "\(cores)"])
        let line = output.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""
        guard status == 0, case .number(let rate) = (try? JSONParser.parse(Array(line.utf8)))?["documents_per_second"]
        else { throw LabError("benchmark classify ended with status \(status):\n\(output.suffix(1000))") }
        return rate
    }

    func throughput() async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs { pairs.append((try await delivered(daemons: 1, workers: cores), try await classified())) }
        return ratio(.throughput, "documents/s from topic to committed row, relative to the engine alone", pairs)
    }

    func members() async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs {
            pairs.append((try await delivered(daemons: 2, workers: 1), try await delivered(daemons: 1, workers: 2)))
        }
        return ratio(.members, "two daemons with one worker each, relative to one daemon with two workers", pairs)
    }

    func ratio(
        _ figure: DeliveryFigure, _ name: String, _ pairs: [(Double, Double)], goal: String = "0.95"
    ) -> DeliveryRow {
        let ratios = Measurements(pairs.map { $0.0 / $0.1 })
        let (first, second) = (Measurements(pairs.map(\.0)).median, Measurements(pairs.map(\.1)).median)
        return DeliveryRow(
            figure: figure, name: name, number: ratios.median, value: ratios.spread(2), goal: goal,
            details: "\(Figure.decimal(first, 0)) and \(Figure.decimal(second, 0)) documents/s")
    }

    func sink() async throws -> DeliveryRow {
        let (tasks, batches) = (4, 12)
        // As many as the daemon stores in one transaction.
        let messages = min(2048, max(1, backlog / batches))
        var rates: [Double] = []
        var bytes = 0
        for _ in 0..<runs {
            try await testbed.database.emptyLabels()
            let name = await testbed.freshName("sink")
            let sink = PostgresLabelSink(PostgresSettings(dsn: testbed.database.dsn), pipeline: name)
            try await sink.connect()
            let outcomes = (0..<batches).map { batch in
                (batch * messages..<(batch + 1) * messages).map { outcome($0, tasks: tasks) }
            }
            let start = ContinuousClock.now
            for batch in outcomes { _ = try await sink.store(batch) }
            rates.append(Double(batches * messages * tasks) / (ContinuousClock.now - start).inSeconds)
            await sink.close()
            bytes = try await testbed.database.labelBytes() / (batches * messages)
        }
        try await testbed.database.emptyLabels()
        let measured = Measurements(rates)
        return DeliveryRow(
            figure: .sink, name: "rows/s into PostgreSQL over one connection", number: measured.median,
            value: measured.spread(0), goal: "20000",
            details: "transactions of \(messages) messages with \(tasks) tasks and their text, "
                + "\(bytes) bytes per message with indexes")
    }

    private func outcome(_ index: Int, tasks: Int) -> Outcome {
        let text = testbed.texts[index % testbed.texts.count]
        let message = SourceMessage(
            origin: Origin(topic: "texts", partition: Int32(index % 4), offset: Int64(index / 4)),
            key: Array("\(index)".utf8), payload: Array(text.utf8), producedAt: 1_700_000_000_000 + Int64(index))
        let labels = (0..<tasks).map { task in
            TaskLabel(
                task: "task \(task)", label: "label 1", score: 0.7,
                scores: (0..<4).map { ("label \($0)", $0 == 1 ? 0.7 : 0.1) },
                abstained: false, adapterDigest: String(repeating: "0123456789abcdef", count: 4))
        }
        return .labelled(LabelledMessage(message: message, text: text, labels: labels))
    }

    /// A daemon pinned to one core; the broker has the others.
    func unrouted() async throws -> DeliveryRow {
        let (partitions, backlog) = (DeliveryTestbed.backlogPartitions, backlog)
        let topic = try await testbed.makeTopic(partitions: partitions)
        try await testbed.produce(backlog, to: topic, partitions: partitions) { index in
            #"{"id":\#(index),"kind":"other","text":"Message \#(index % 1000), which no route of the pipeline wants"}"#
        }
        var rates: [Double] = []
        for _ in 0..<runs {
            var pipeline = await testbed.pipeline(await testbed.freshName("unrouted"), topic: topic)
            pipeline.textPointer = "/text"
            pipeline.condition = "{ json: { /kind: routed } }"
            pipeline.unrouted = "drop"
            let daemon = try await testbed.start(
                [pipeline], workers: 1, launcher: ["/usr/bin/taskset", "-c", "\(cores - 1)"])
            func dropped() -> Double { daemon.metrics()?.sum(MetricNames.dropped) ?? 0 }
            try await Waiting.until("no message was dropped", within: .seconds(180)) { dropped() > 0 }
            let (first, begun) = (dropped(), ContinuousClock.now)
            try await Waiting.until("some messages are left", within: .seconds(180)) { dropped() >= Double(backlog) }
            rates.append((Double(backlog) - first) / (ContinuousClock.now - begun).inSeconds)
            try await testbed.end([daemon])
        }
        let measured = Measurements(rates)
        return DeliveryRow(
            figure: .unrouted, name: "messages/s consumed, parsed, routed and dropped as unrouted, one core",
            number: measured.median, value: measured.spread(0), goal: "150000", details: "JSON of about 100 bytes")
    }
}
