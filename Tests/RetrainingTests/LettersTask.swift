import AdapterRegistry
import BERT
import Foundation
import Logging
import Retraining
import TestSupport
import Threading
import Training

/// A suite that retrains the task `letters` over a tiny model. Letters are its words, so a text's label is in its
/// letters.
protocol LettersTask {
    var model: TinyModel { get }
    var store: InMemoryAdapterStore { get }
    var source: InMemoryLabelledRowSource { get }
    var settings: RetrainingSettings { get }
}

enum LettersSettings {
    /// Settings that learn the letters in a second.
    static var fast: RetrainingSettings {
        var settings = RetrainingSettings()
        settings.training.rank = 2
        settings.training.alpha = 4
        settings.training.dropout = 0
        settings.training.epochs = 12
        settings.training.learningRate = 0.02
        settings.training.maxTokens = 32
        settings.training.workers = 1
        return settings
    }
}

extension LettersTask {
    func run(
        labels: [String] = [], cancellation: String? = nil, trigger: RetrainingTrigger = .command,
        clock: Clock = .system, float32Base: (@Sendable () throws -> BERTBase)? = nil,
        progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
    ) async throws -> RetrainingOutcome {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var otherBase: (@Sendable (DataType) throws -> BERTBase)?
        if let float32Base {
            otherBase = { [directory = model.directory] type in
                if type == .float32 { return try float32Base() }
                return try BERTBase(directory: directory, precision: BasePrecision(type))
            }
        }
        let pipeline = RetrainingPipeline(
            base: model.base, tokenizer: model.tokenizer, store: store, rows: source, journal: source,
            settings: settings, logger: logger, clock: clock, otherBase: otherBase)
        return try await pipeline.run(
            task: "letters", labels: labels, trigger: trigger, progress: progress,
            cancellation: { cancellation })
    }

    /// Texts of `x` and `y` with the label that their letters say, all different.
    func addRows(_ count: Int, seed: UInt64 = 1, labels: (x: String, y: String) = ("ex", "why")) {
        source.add(rows(count, seed: seed, labels: labels), task: "letters")
    }

    func rows(
        _ count: Int, seed: UInt64, labels: (x: String, y: String) = ("ex", "why")
    ) -> [(text: String, label: String)] {
        var random = TestRandom(seed: seed)
        return (0..<count).map { index in
            let letter = index % 2 == 0 ? "x" : "y"
            let number = String(Int.random(in: 0..<1_000_000, using: &random))
            return ("\(letter)\(letter)\(letter) \(number)", index % 2 == 0 ? labels.x : labels.y)
        }
    }

    /// A clock whose date is this many seconds after another.
    func clock(_ seconds: Double, after date: Date) -> Clock {
        Clock(
            now: Clock.system.now, sleep: Clock.system.sleep,
            date: { Int64((date.timeIntervalSince1970 + seconds) * 1000) })
    }

    /// A random adapter, live before anything was learned.
    ///
    /// - Parameter trainedOn: texts; nil: unknown.
    @discardableResult
    func makeChampion(
        labels: [String] = ["ex", "why"], model: TinyModel? = nil, trainedOn texts: [String]? = []
    ) async throws -> AdapterVersion {
        let adapter = try (model ?? self.model).adapter(labels: labels, seed: 5)
        let version = try await store.publish(
            task: "letters", adapter: adapter, metrics: [:], parentDigest: nil,
            trainingRows: texts.map { TrainingRowSet(hashes: $0.map { NormalizedText($0).hash64 }) })
        return try await store.promote(task: "letters", version: version.version)
    }
}
