import BERT
import TestSupport
import Training
import WordPiece

/// A tiny random base and texts whose label one word decides.
struct ToyTask {
    static let colours = ["red", "green", "blue"]
    let base: BERTBase
    let tokenizer: WordPieceTokenizer
    let rows: [LabelledText]
    /// The base's weights are mapped from here.
    private let folder: TemporaryFolder

    init(rows count: Int = 96, seed: UInt64 = 3, precision: BasePrecision = .float32) throws {
        folder = try TestModels.tinyBase(words: Self.colours + ["the", "a", "is", "of"])
        base = try BERTBase(directory: folder.path, precision: precision)
        tokenizer = try WordPieceTokenizer(directory: folder.path)
        rows = Self.rows(count, seed: seed)
    }

    static func rows(_ count: Int, seed: UInt64) -> [LabelledText] {
        var random = TestRandom(seed: seed)
        let filler = ["the", "a", "is", "of", "x", "7"]
        return (0..<count).map { index in
            let colour = colours[index % colours.count]
            var words = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                filler.randomElement(using: &random) ?? "a"
            }
            words.insert(colour, at: Int.random(in: 0...words.count, using: &random))
            return LabelledText(text: words.joined(separator: " "), label: colour)
        }
    }

    /// Settings that learn the task in a second.
    func settings(_ change: (inout TrainingSettings) -> Void = { _ in }) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.rank = 4
        settings.alpha = 8
        settings.epochs = 6
        settings.batchSize = 8
        settings.learningRate = 1e-2
        settings.maxTokens = 32
        settings.workers = 2
        change(&settings)
        return settings
    }

    func trainer(_ change: (inout TrainingSettings) -> Void = { _ in }) -> AdapterTrainer {
        AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings(change))
    }
}
