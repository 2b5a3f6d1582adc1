import BERT
import JSON
import Operations
import Reports
import Synchronization
import Threading
import Training

/// Compares strategies of choosing what to label next: accuracy over labelled rows, and how many of the rows that
/// random order needs each of them needs for the same accuracy.
public struct QueueBenchmark: Sendable {
    /// What is compared, and how.
    public struct Settings: Sendable {
        /// The strategies, with `random` among them.
        public var strategies: [SelectionStrategy]
        /// Runs per strategy.
        public var seeds: Int
        /// Rows labelled per round.
        public var batch: Int
        /// Rows labelled at the end.
        public var rows: Int
        /// Threads.
        public var workers: Int
        /// Train an adapter per round with these settings; nil: a linear head over the base's features.
        public var training: TrainingSettings?

        /// - Parameters: as the properties.
        public init(
            strategies: [SelectionStrategy], seeds: Int, batch: Int, rows: Int, workers: Int,
            training: TrainingSettings?
        ) {
            self.strategies = [.random] + strategies.filter { $0 != .random }
            (self.seeds, self.batch, self.rows) = (max(seeds, 1), batch, rows)
            (self.workers, self.training) = (max(workers, 1), training)
        }
    }

    /// The curves of a strategy.
    public struct Curve: Sendable {
        /// The strategy.
        public let strategy: SelectionStrategy
        /// Accuracy over rows of each seed.
        public let runs: [LearningCurve]
        /// The mean of the runs.
        public let curve: LearningCurve

        init(_ strategy: SelectionStrategy, runs: [[LabellingSimulation.Point]]) {
            self.strategy = strategy
            self.runs = runs.map { LearningCurve(mean: [$0]) }
            curve = LearningCurve(mean: runs)
        }
    }

    private let settings: Settings
    private let models: LabellingModels
    private let simulation: LabellingSimulation

    /// Computes the features of all texts. Each row has one label.
    ///
    /// - Parameters:
    ///   - rows: those that can be labelled; their labels are given only when a strategy asks.
    ///   - test: those that each round is measured on.
    ///   - maxTokens: texts are cut to this many tokens.
    ///   - progress: gets the number of texts whose features are computed.
    public init(
        rows: [LabelledText], test: [LabelledText], base: LoadedBase, settings: Settings, maxTokens: Int,
        progress: @Sendable (Int) -> Void
    ) {
        self.settings = settings
        models = LabellingModels(
            rows: rows, test: test, base: base, training: settings.training, workers: settings.workers,
            maxTokens: maxTokens, progress: progress)
        simulation = LabellingSimulation(
            features: models.features, testTargets: models.testTargets,
            settings: LabellingSimulation.Settings(batch: settings.batch, rows: settings.rows))
    }

    /// Runs every strategy with every seed.
    ///
    /// - Parameter progress: gets the number of rounds that are done.
    public func run(progress: @escaping @Sendable (Int) -> Void) throws -> [Curve] {
        let runs = settings.strategies.flatMap { strategy in (0..<settings.seeds).map { (strategy, UInt64($0)) } }
        let rounds = Mutex(0)
        // The training of an adapter takes all threads by itself.
        let threads = settings.training == nil ? settings.workers : 1
        let curves = try WorkerTeam.map(runs, count: threads, name: "strategies") { strategy, seed in
            let model = models.model()
            return try simulation.curve(strategy, seed: seed) { labelled, unlabelled in
                let round = try model(labelled, unlabelled)
                let done = rounds.withLock { rounds in
                    rounds += 1
                    return rounds
                }
                progress(done)
                return round
            }
        }
        return settings.strategies.enumerated().map { place, strategy in
            let own = curves[place * settings.seeds..<(place + 1) * settings.seeds]
            return Curve(strategy, runs: Array(own))
        }
    }

    /// The number of rounds of all runs.
    public var rounds: Int {
        let rows = min(settings.rows, models.features.rows)
        return settings.strategies.count * settings.seeds * max((rows + settings.batch - 1) / settings.batch, 1)
    }

    /// A line per number of rows, with tabs: rows, then the accuracy of each strategy.
    public static func table(_ curves: [Curve]) -> [String] {
        let places = (curves.map { $0.curve.points.count }.min() ?? 0)
        let header = (["rows"] + curves.map(\.strategy.rawValue)).joined(separator: "\t")
        return [header]
            + (0..<places).map { place in
                ([String(curves[0].curve.points[place].rows)]
                    + curves.map { JSONValue.rounded($0.curve.points[place].accuracy, 4).text })
                    .joined(separator: "\t")
            }
    }

    /// Per strategy, the rows that it needs divided by the rows that random order needs, for the accuracies that random
    /// order reaches after half, three quarters and all of its rows; null where a strategy never reaches one.
    public func summary(_ curves: [Curve]) -> JSONValue {
        let figures = QueueFigures(curves)
        func ratios(_ ratios: [Double?]) -> JSONValue { .array(ratios.map { $0.map { .rounded($0, 4) } ?? .null }) }
        return .object([
            ("name", .string("queue")), ("pool", .integer(models.features.rows)),
            ("labels", .integer(models.labels.count)), ("batch", .integer(settings.batch)),
            ("seeds", .integer(settings.seeds)), ("model", .string(model)),
            ("accuracies", .array(figures.goals.map { .rounded($0, 4) })),
            ("rows_of_random_order", .object(curves.map { ($0.strategy.rawValue, ratios(figures.ratios($0))) })),
            (
                "rows_of_random_order_per_seed",
                .object(curves.map { ($0.strategy.rawValue, .array(figures.ratiosPerSeed($0).map(ratios))) })
            ),
            ("workers", .integer(settings.workers)),
        ])
    }

    /// The curves as a section of the page that `make benchmark-learning` writes.
    ///
    /// - Parameters:
    ///   - name: of the rows.
    ///   - chart: the picture as the page refers to it; nil: there is none.
    public func section(
        _ curves: [Curve], name: String, chart: String?, reference: TrainingReference?
    ) -> String {
        QueueSection(
            curves: curves, name: name, pool: models.features.rows, labels: models.labels.count,
            test: models.testTargets.count, batch: settings.batch, model: model, chart: chart, reference: reference
        ).text
    }

    /// The curves as an SVG file.
    public func chart(_ curves: [Curve], name: String, reference: TrainingReference?) -> String {
        LearningCurveChart(
            title: "Accuracy over labelled rows: \(name)",
            note: "Mean of \(settings.seeds) seeds, \(settings.batch) rows per round, \(model)",
            curves: curves.sorted { Self.rank($0.strategy) < Self.rank($1.strategy) }.map { curve in
                LearningCurveChart.Curve(
                    name: curve.strategy == .random ? "random order" : curve.strategy.rawValue,
                    points: curve.curve.points.map { ($0.rows, $0.accuracy) })
            },
            level: reference.map { LearningCurveChart.Level(name: $0.name, accuracy: $0.accuracy) }
        ).svg
    }

    /// The strategies in the order of a chart's colours.
    private static func rank(_ strategy: SelectionStrategy) -> Int {
        switch strategy {
        case .queue: 0
        case .random: 1
        case .margin: 2
        case .badge: 3
        }
    }

    private var model: String { settings.training == nil ? "linear head" : "adapter" }
}
