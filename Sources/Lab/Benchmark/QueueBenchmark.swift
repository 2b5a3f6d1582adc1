import BERT
import JSON
import Operations
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

    /// The mean curve of a strategy.
    public struct Curve: Sendable {
        /// The strategy.
        public let strategy: SelectionStrategy
        /// Accuracy over rows.
        public let curve: LearningCurve
    }

    /// Shares of the rows of random order at which its accuracy is the one to reach.
    private static let targets = [0.5, 0.75, 1]

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
        let state = Mutex((next: 0, rounds: 0))
        let results = Mutex<[Int: Result<[LabellingSimulation.Point], any Error>]>([:])
        // The training of an adapter takes all threads by itself.
        let threads = settings.training == nil ? min(settings.workers, runs.count) : 1
        WorkerTeam.run(count: threads, name: "strategies") { _ in
            while true {
                let run = state.withLock { state in
                    defer { state.next += 1 }
                    return state.next
                }
                guard run < runs.count else { return }
                let model = models.model()
                let result = Result {
                    try simulation.curve(runs[run].0, seed: runs[run].1) { labelled, unlabelled in
                        let round = try model(labelled, unlabelled)
                        let done = state.withLock { state in
                            state.rounds += 1
                            return state.rounds
                        }
                        progress(done)
                        return round
                    }
                }
                results.withLock { $0[run] = result }
            }
        }
        let curves = try results.withLock { results in try runs.indices.map { try results[$0]?.get() ?? [] } }
        return settings.strategies.enumerated().map { place, strategy in
            let own = curves[place * settings.seeds..<(place + 1) * settings.seeds]
            return Curve(strategy: strategy, curve: LearningCurve(mean: Array(own)))
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
        let random = curves.first { $0.strategy == .random }?.curve
        let last = Double(random?.points.last?.rows ?? 0)
        let goals = Self.targets.compactMap { random?.accuracy(atMost: $0 * last) }
        func ratio(_ curve: LearningCurve, _ goal: Double) -> JSONValue {
            guard let own = curve.rows(for: goal), let other = random?.rows(for: goal), other > 0 else { return .null }
            return .rounded(own / other, 4)
        }
        return .object([
            ("name", .string("queue")), ("pool", .integer(models.features.rows)),
            ("labels", .integer(models.labels.count)), ("batch", .integer(settings.batch)),
            ("seeds", .integer(settings.seeds)),
            ("model", .string(settings.training == nil ? "linear head" : "adapter")),
            ("accuracies", .array(goals.map { .rounded($0, 4) })),
            (
                "rows_of_random_order",
                .object(curves.map { curve in (curve.strategy.rawValue, .array(goals.map { ratio(curve.curve, $0) })) })
            ),
            ("workers", .integer(settings.workers)),
        ])
    }
}
