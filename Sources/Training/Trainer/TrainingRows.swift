import BERT
import WordPiece

/// The training rows as token ids and targets.
struct TrainingRows: Sendable {
    let labels: [String]
    /// Of the labelled rows, then of the texts without a label.
    private(set) var sequences: TokenTable
    /// The indices of each labelled row's labels. A row is a window where long texts are read in windows.
    let targets: TextTargets
    /// The factor of each labelled row's loss, so that a text counts as one however many windows it has; nil: all 1.
    private(set) var weights: [Float]?
    /// The first row of each labelled text, and where the last text ends; nil: each row is a text.
    private var textStarts: [Int]?
    /// How the answers of a text's windows are pooled before the loss; nil: each window has a loss of its own.
    private(set) var pooledLoss: LongTexts.Pool?
    /// What a teacher makes of the texts behind the labelled rows; nil: there are none.
    private(set) var softTargets: SoftTargets?

    var lengths: [Int] { (0..<sequences.count).map(length) }

    /// Tokens of a row. An empty sequence counts as one token, as in a `PackedBatch`.
    func length(_ row: Int) -> Int { max(sequences.length(row), 1) }

    init(labels: [String], sequences: [[Int32]], targets: [Int]) {
        self.init(labels: labels, sequences: sequences, targets: .classes(targets))
    }

    init(labels: [String], sequences: [[Int32]], targets: TextTargets) {
        (self.labels, self.sequences, self.targets) = (labels, TokenTable(sequences), targets)
    }

    /// - Parameter given: the labels of the head, in order; nil: those of the rows, sorted.
    init(
        _ rows: [LabelledText], labels given: [String]?, isMultiLabel: Bool = false, encoder: TextEncoder
    ) throws(TrainingError) {
        guard let first = rows.first else { throw .noRows }
        if !isMultiLabel, rows.allSatisfy({ $0.label == first.label }) { throw .oneLabel(first.label) }
        let labels = given ?? Set(rows.flatMap(\.labels)).sorted()
        guard !labels.isEmpty else { throw .invalidLabels(reason: "no row has one") }
        guard !labels.contains("") else { throw .invalidLabels(reason: "one of them is empty") }
        let places = Dictionary(zip(labels, labels.indices), uniquingKeysWith: { first, _ in first })
        guard places.count == labels.count else { throw .invalidLabels(reason: "one of them is given twice") }
        var sets: [[Int]] = []
        var sequences = TokenTable([])
        var starts = [0]
        for row in rows {
            var set: [Int] = []
            for label in row.labels {
                guard let place = places[label] else { throw .unknownLabel(label) }
                set.append(place)
            }
            if !isMultiLabel, set.count != 1 { throw .notOneLabel }
            for window in encoder.encode(row.text).windows {
                sets.append(set)
                sequences.append(window.tokens)
            }
            starts.append(sets.count)
        }
        (self.labels, self.sequences) = (labels, sequences)
        targets = isMultiLabel ? .sets(sets) : .classes(sets.map { $0[0] })
        guard sets.count > rows.count else { return }
        textStarts = starts
        pooledLoss = encoder.pool.poolsLoss ? encoder.pool : nil
        weights = zip(starts, starts.dropFirst()).flatMap { start, end in
            [Float](repeating: 1 / Float(end - start), count: end - start)
        }
    }

    /// The number of labelled texts.
    var textCount: Int { textStarts.map { $0.count - 1 } ?? targets.count }

    /// The rows of a labelled text.
    func rows(ofText text: Int) -> Range<Int> {
        guard let textStarts else { return text..<text + 1 }
        return textStarts[text]..<textStarts[text + 1]
    }

    /// The number of training examples, of which each has a loss: texts if the loss is that of pooled answers, else
    /// rows.
    var exampleCount: Int { pooledLoss == nil ? targets.count : textCount }

    /// Tokens of each example.
    var exampleLengths: [Int] { (0..<exampleCount).map { rows(ofExample: $0).reduce(0) { $0 + length($1) } } }

    func rows(ofExample example: Int) -> Range<Int> {
        pooledLoss == nil ? example..<example + 1 : rows(ofText: example)
    }

    /// The factor of an example's loss.
    func weight(ofExample example: Int) -> Float { pooledLoss == nil ? weights?[example] ?? 1 : 1 }

    /// Appends the texts of a distillation.
    mutating func add(
        _ distillation: Distillation, isMultiLabel: Bool, tokenizer: WordPieceTokenizer, maxTokens: Int
    ) throws(TrainingError) {
        guard distillation.isMultiLabel == isMultiLabel, let targets = distillation.targets(labels: labels) else {
            throw .invalidSetting("distillation", reason: "its labels are not those of the task")
        }
        softTargets = targets
        for text in distillation.texts { sequences.append(tokenizer.encode(text, maxTokens: maxTokens)) }
    }

    /// These rows, packed in their order.
    func batch(_ places: [Int]) -> PackedBatch { PackedBatch(places.lazy.map { sequences[$0] }) }
}
