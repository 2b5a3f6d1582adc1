import FoundationEssentials
import Reports
import Serving

/// Measures one figure of the serving path at a time. Rates are in
/// `DeliveryMeasurement+Rates.swift`.
struct DeliveryMeasurement {
    let testbed: DeliveryTestbed
    /// How often a rate is measured.
    let runs: Int
    /// How long latency and memory are watched.
    let seconds: Int
    /// Messages of a backlog.
    let backlog: Int

    var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    func row(of figure: DeliveryFigure) async throws -> DeliveryRow {
        switch figure {
        case .throughput: try await throughput()
        case .sink: try await sink()
        case .unrouted: try await unrouted()
        case .latency: try await latency()
        case .backlog: try await memory()
        case .members: try await members()
        case .neighbour: try await neighbour()
        case .retraining: try await retraining()
        case .retrainingLatency: try await retrainingLatency()
        case .outbox: try await outbox()
        case .outboxLatency: try await outboxLatency()
        case .restart: try await restart()
        case .tasks: try await tasks()
        case .relabelling: try await rate(of: .relabel, as: figure)
        case .relabellingBeside: try await rate(beside: .relabel, as: figure)
        case .replay: try await rate(of: .replay, as: figure)
        case .replayBeside: try await rate(beside: .replay, as: figure)
        case .label: try await rate(of: .label, as: figure)
        case .labelBeside: try await rate(beside: .label, as: figure)
        case .historyMemory: try await historyMemory()
        }
    }

    // MARK: - Latency

    private func latency() async throws -> DeliveryRow {
        let load = try await delivered(daemons: 1, workers: cores) / 2
        let (name, topic) = (await testbed.freshName("latency"), try await testbed.makeTopic())
        let daemon = try await testbed.start([await testbed.pipeline(name, topic: topic)], workers: cores)
        try await testbed.waitUntilAssigned([daemon])
        let (median, p99, count) = try await trickle(to: topic, perSecond: load, pipeline: name, daemon: daemon)
        return DeliveryRow(
            figure: .latency, name: "produced to committed at half load: median / 99th percentile, ms", number: median,
            value: "\(Figure.decimal(median, 0)) / \(Figure.decimal(p99, 0))",
            goal: "70 / 270 (batch delay 20 ms + 50 / + 250)",
            details: "\(Figure.decimal(load, 0)) documents/s, \(count) texts")
    }

    private func neighbour() async throws -> DeliveryRow {
        let topics = (try await testbed.makeBacklog(backlog), try await testbed.makeTopic())
        let names = (await testbed.freshName("crowd"), await testbed.freshName("few"))
        let pipelines = [
            await testbed.pipeline(names.0, topic: topics.0), await testbed.pipeline(names.1, topic: topics.1),
        ]
        let daemon = try await testbed.start(pipelines, workers: cores)
        try await testbed.waitUntilAssigned(
            [daemon], partitions: DeliveryTestbed.backlogPartitions + DeliveryTestbed.partitions)
        let rate = 5
        let (median, p99, count) = try await trickle(
            to: topics.1, perSecond: Double(rate), pipeline: names.1, daemon: daemon)
        return DeliveryRow(
            figure: .neighbour,
            name: "produced to committed beside another pipeline's backlog of \(backlog): 99th percentile, ms",
            number: p99, value: Figure.decimal(p99, 0), goal: "1000",
            details: "median \(Figure.decimal(median, 0)) ms, \(count) texts, \(rate) per second")
    }

    /// Produces texts at a mean rate, ends the daemon and reads the latency. The first three seconds do not count.
    ///
    /// - Parameter beforeEnd: called while the daemon still runs.
    func trickle(
        to topic: String, perSecond rate: Double, pipeline: String, daemon: DaemonProcess,
        beforeEnd: () throws -> Void = {}
    ) async throws -> (median: Double, p99: Double, count: Int) {
        let warmUp = Int(rate * 3)
        let count = Int(rate * Double(seconds))
        try await testbed.trickle(count + warmUp, to: topic, perSecond: rate)
        try await testbed.waitUntilStored(count + warmUp, pipeline: pipeline)
        try beforeEnd()
        try await testbed.end([daemon])
        let (median, p99) = try await testbed.database.latency(pipeline: pipeline, skipping: warmUp)
        return (median, p99, count)
    }

    // MARK: - Memory

    /// Watches the daemon's memory while every commit takes 100 ms.
    private func memory() async throws -> DeliveryRow {
        let topic = try await testbed.makeBacklog(backlog)
        for statement in [
            "ALTER SYSTEM SET commit_delay = 100000", "ALTER SYSTEM SET commit_siblings = 0", "SELECT pg_reload_conf()",
        ] {
            try await testbed.database.execute(statement)
        }
        let name = await testbed.freshName("backlog")
        let daemon = try await testbed.start([await testbed.pipeline(name, topic: topic)], workers: cores)
        try await testbed.waitUntilStored(1, pipeline: name)
        var samples: [Double] = []
        for _ in 0..<seconds {
            try await Task.sleep(for: .seconds(1))
            samples.append(Double(daemon.residentMegabytes ?? 0))
        }
        let lag = daemon.metrics()?.sum(MetricNames.lag) ?? 0
        let peak = daemon.peakMegabytes ?? 0
        try await testbed.end([daemon])
        for statement in ["ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()"] {
            try await testbed.database.execute(statement)
        }
        let (first, last) = Measurements(samples).trend
        return DeliveryRow(
            figure: .backlog,
            name: "resident memory with a backlog of \(backlog) and 100 ms per commit, "
                + "first / last third of \(seconds) s, MB",
            number: last, value: "\(Figure.decimal(first, 0)) / \(Figure.decimal(last, 0))", goal: "flat, under 400",
            details: "peak \(peak) MB; lag at the end \(Figure.decimal(lag, 0)) messages")
    }
}
