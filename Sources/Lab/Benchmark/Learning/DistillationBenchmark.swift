import BERT
import JSON
import Kernels
import Operations
import Training

/// How much a challenger forgets of the labels that no new row has, with and without distillation.
///
/// A champion knows all labels. A challenger starts from it and is trained on new rows of some labels only, beside
/// texts of all labels whose labels nobody gave. Both are measured on a test file.
public struct DistillationBenchmark: Sendable {
    /// What is measured.
    public struct Settings: Sendable {
        /// Labels that no new row has; nil: a third of the labels, other ones with each seed.
        public var unseen: [String]?
        /// Runs, whose figures are averaged.
        public var seeds: Int
        /// At most this many texts without a label.
        public var texts: Int
        /// How strongly, and how softly the challenger is distilled from the champion.
        public var distillation: Distillation.Settings
        /// How champion and challengers are trained.
        public var training: TrainingSettings

        /// - Parameters: as the properties.
        public init(
            unseen: [String]?, seeds: Int, texts: Int, distillation: Distillation.Settings, training: TrainingSettings
        ) {
            (self.unseen, self.seeds, self.texts) = (unseen, max(seeds, 1), texts)
            (self.distillation, self.training) = (distillation, training)
        }
    }

    /// What the challengers start from.
    public enum Champion: Sendable {
        /// An adapter with the labels of all rows.
        case adapter(Adapter)
        /// One that is trained on these rows.
        case rows([LabelledText])
        /// One that is trained on a third of the rows.
        case third
    }

    /// An adapter that is measured.
    public enum Model: String, Sendable, CaseIterable {
        case champion
        /// A challenger that nothing holds to the champion.
        case without = "challenger without distillation"
        case with = "challenger with distillation"
    }

    /// The accuracy of a model on the test rows.
    public struct Accuracy: Sendable, Equatable {
        /// On all rows.
        public var all: Double
        /// On rows whose label the new rows have.
        public var seen: Double
        /// On the others.
        public var unseen: Double
    }

    /// What one run gave.
    public struct Run: Sendable {
        /// Per model.
        public var accuracies: [Model: Accuracy]
        /// Rows that the champion was trained on; 0 if it was given.
        public var championRows: Int
        /// New rows.
        public var rows: Int
        /// Texts without a label.
        public var texts: Int
        /// Labels that no new row has.
        public var unseen: Int
    }

    private let rows: [LabelledText]
    private let test: [LabelledText]
    private let base: LoadedBase
    private let champion: Champion
    let settings: Settings
    let labels: [String]

    /// - Parameters:
    ///   - rows: with all labels. Half of them, or of those that train no champion, are the texts without a label.
    public init(
        rows: [LabelledText], test: [LabelledText], base: LoadedBase, champion: Champion, settings: Settings
    ) {
        (self.rows, self.test, self.base) = (rows, test, base)
        (self.champion, self.settings) = (champion, settings)
        labels =
            switch champion {
            case .adapter(let adapter): adapter.labels
            case .rows(let others): Set((others + rows + test).map(\.label)).sorted()
            case .third: Set((rows + test).map(\.label)).sorted()
            }
    }

    /// Runs all seeds.
    ///
    /// - Parameter progress: gets the seed and what is trained.
    public func run(progress: (UInt64, Model) -> Void) throws -> [Run] {
        try (0..<settings.seeds).map { try run(seed: UInt64($0), progress: progress) }
    }

    private func run(seed: UInt64, progress: (UInt64, Model) -> Void) throws -> Run {
        let unseen = unseenLabels(seed: seed)
        let parts = parts(seed: seed)
        let new = parts.labelled.filter { !unseen.contains($0.label) }
        let texts = Array(parts.unlabelled.map(\.text).prefix(settings.texts))
        var training = settings.training
        training.seed = seed
        let trainer = AdapterTrainer(base: base.base, tokenizer: base.tokenizer, settings: training)
        progress(seed, .champion)
        let champion: Adapter
        if case .adapter(let given) = self.champion {
            champion = given
        } else {
            // The champion of a daemon is calibrated on rows that it was not trained on.
            champion = try trainer.fitted(
                try trainer.train(parts.champion, validation: [], labels: labels).adapter, on: parts.labelled)
        }
        let distillation = Distillation(
            texts: texts, teacher: champion, labels: labels, settings: settings.distillation, evaluator: evaluator)
        func challenger(_ model: Model, _ distillation: Distillation?) throws -> Accuracy {
            progress(seed, model)
            let trained = try trainer.train(
                new, validation: [], labels: labels, startingFrom: champion, distillation: distillation)
            return accuracy(trained.adapter, unseen)
        }
        return Run(
            accuracies: [
                .champion: accuracy(champion, unseen), .without: try challenger(.without, nil),
                .with: try challenger(.with, distillation),
            ],
            championRows: parts.champion.count, rows: new.count, texts: distillation?.texts.count ?? 0,
            unseen: unseen.count)
    }

    private func unseenLabels(seed: UInt64) -> Set<String> {
        if let unseen = settings.unseen { return Set(unseen) }
        return Set(labels.enumerated().filter { ($0.offset + Int(seed)) % 3 == 0 }.map(\.element))
    }

    private func parts(
        seed: UInt64
    ) -> (champion: [LabelledText], labelled: [LabelledText], unlabelled: [LabelledText]) {
        var random = SplitMix64(seed: seed, stream: 93)
        var order = Array(rows.indices)
        for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, random.below(last + 1)) }
        let shuffled = order.map { rows[$0] }
        var (first, forChampion) = (0, [LabelledText]())
        switch champion {
        case .adapter: break
        case .rows(let rows): forChampion = rows
        case .third:
            first = shuffled.count / 3
            forChampion = Array(shuffled[..<first])
        }
        let half = first + (shuffled.count - first) / 2
        return (forChampion, Array(shuffled[first..<half]), Array(shuffled[half...]))
    }

    private var evaluator: Evaluator {
        Evaluator(
            base: base.base, tokenizer: base.tokenizer, workers: settings.training.workers,
            maxTokens: settings.training.maxTokens)
    }

    private func accuracy(_ adapter: Adapter, _ unseen: Set<String>) -> Accuracy {
        let given = evaluator.predictions(texts: test.map(\.text), adapter: adapter).map(\.label)
        func share(_ isCounted: (LabelledText) -> Bool) -> Double {
            let places = test.indices.filter { isCounted(test[$0]) }
            return Double(places.count { given[$0] == test[$0].label }) / Double(max(places.count, 1))
        }
        return Accuracy(
            all: share { _ in true }, seen: share { !unseen.contains($0.label) },
            unseen: share { unseen.contains($0.label) })
    }

    /// All figures, as a line of JSON.
    public func summary(_ runs: [Run]) -> JSONValue {
        func figures(_ model: Model) -> JSONValue {
            .array(
                runs.compactMap { $0.accuracies[model] }.map {
                    .object([
                        ("all", .rounded($0.all, 4)), ("seen", .rounded($0.seen, 4)),
                        ("unseen", .rounded($0.unseen, 4)),
                    ])
                })
        }
        return .object([
            ("name", .string("distillation")), ("labels", .integer(labels.count)),
            ("unseen_labels", .array(runs.map { .integer($0.unseen) })),
            ("champion_rows", .integer(runs.first?.championRows ?? 0)),
            ("rows", .array(runs.map { .integer($0.rows) })), ("texts", .array(runs.map { .integer($0.texts) })),
            ("test_rows", .integer(test.count)), ("weight", .rounded(settings.distillation.weight, 4)),
            ("temperature", .rounded(settings.distillation.temperature, 4)),
            ("accuracy", .object(Model.allCases.map { ($0.rawValue, figures($0)) })),
        ])
    }

    /// A section of the page that `make benchmark-learning` writes.
    ///
    /// - Parameter name: of the data.
    public func section(_ runs: [Run], name: String) -> String {
        DistillationSection(
            runs: runs, name: name, labels: labels.count, testRows: test.count, settings: settings
        ).text
    }
}
