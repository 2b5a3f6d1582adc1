/// The figures of the serving path that can be measured.
public enum DeliveryFigure: String, CaseIterable, Sendable {
    case throughput, sink, unrouted, latency, backlog, members, neighbour, retraining
    case retrainingLatency = "retraining-latency"
    case outbox
    case outboxLatency = "outbox-latency"
    case restart, tasks
    case relabelling
    case relabellingBeside = "relabelling-beside"
    case replay
    case replayBeside = "replay-beside"
    case label
    case labelBeside = "label-beside"
    case historyMemory = "history-memory"
}

/// One figure as measured: a row of the result.
public struct DeliveryRow: Sendable {
    /// Which figure.
    public let figure: DeliveryFigure
    /// What was measured, with its unit.
    public let name: String
    /// The median.
    public let number: Double
    /// The measured value as text, with its spread where there were several runs.
    public let value: String
    /// The project's goal.
    public let goal: String
    /// What else a reader needs to judge the value.
    public let details: String
}

/// `lorikeet benchmark delivery`: measures the serving path, from a topic to committed rows.
public struct DeliveryBenchmark: Sendable {
    private let base: String
    private let input: [String]
    private let texts: [String]
    private let runs: Int
    private let seconds: Int
    private let backlog: Int
    private let brokers: String?

    /// - Parameters:
    ///   - base: the folder of the base.
    ///   - input: where the texts come from, as options of `lorikeet benchmark classify`.
    ///   - texts: the same texts.
    ///   - runs: how often a rate is measured.
    ///   - seconds: how long latency and memory are watched.
    ///   - backlog: messages of a backlog.
    ///   - brokers: `host:port` of brokers that know static members, for ``DeliveryFigure/restart``; nil: the embedded
    ///     one, which does not.
    public init(
        base: String, input: [String], texts: [String], runs: Int, seconds: Int, backlog: Int, brokers: String? = nil
    ) {
        (self.base, self.input, self.texts) = (base, input, texts)
        (self.runs, self.seconds, self.backlog, self.brokers) = (runs, seconds, backlog, brokers)
    }

    /// Starts the servers, measures and stops the servers, however it ends.
    ///
    /// - Parameters:
    ///   - figures: what to measure; everything if empty.
    ///   - report: called with each row as soon as it is measured.
    public func run(
        _ figures: [DeliveryFigure], report: @Sendable (DeliveryRow) -> Void
    ) async throws -> [DeliveryRow] {
        let testbed = try DeliveryTestbed(base: base, input: input, texts: texts, brokers: brokers)
        var rows: [DeliveryRow] = []
        do {
            try await testbed.prepare()
            let measurement = DeliveryMeasurement(testbed: testbed, runs: runs, seconds: seconds, backlog: backlog)
            for figure in DeliveryFigure.allCases where figures.isEmpty || figures.contains(figure) {
                let row = try await measurement.row(of: figure)
                report(row)
                rows.append(row)
            }
        } catch {
            await testbed.stop()
            throw error
        }
        await testbed.stop()
        return rows
    }

    /// The rows as the page `docs/benchmarks-delivery.md`.
    public func page(_ rows: [DeliveryRow]) -> String {
        let characters = texts.reduce(0) { $0 + $1.count } / max(1, texts.count)
        return DeliveryPage(rows: rows, runs: runs, characters: characters).text
    }
}
