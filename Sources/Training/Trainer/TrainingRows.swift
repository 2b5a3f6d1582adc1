import BERT
import WordPiece

/// The training rows as token ids and targets.
struct TrainingRows: Sendable {
    let labels: [String]
    /// Of the labelled rows, then of the texts without a label.
    private(set) var sequences: TokenTable
    /// The indices of each labelled row's labels.
    let targets: TextTargets
    /// What a teacher makes of the texts behind the labelled rows; nil: there are none.
    private(set) var softTargets: SoftTargets?

    var lengths: [Int] { (0..<sequences.count).map(length) }

    /// Tokens of the labelled rows.
    var labelledLengths: [Int] { (0..<targets.count).map(length) }

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
        _ rows: [LabelledText], labels given: [String]?, isMultiLabel: Bool = false, tokenizer: WordPieceTokenizer,
        maxTokens: Int
    ) throws(TrainingError) {
        guard let first = rows.first else { throw .noRows }
        if !isMultiLabel, rows.allSatisfy({ $0.label == first.label }) { throw .oneLabel(first.label) }
        let labels = given ?? Set(rows.flatMap(\.labels)).sorted()
        guard !labels.isEmpty else { throw .invalidLabels(reason: "no row has one") }
        guard !labels.contains("") else { throw .invalidLabels(reason: "one of them is empty") }
        let places = Dictionary(zip(labels, labels.indices), uniquingKeysWith: { first, _ in first })
        guard places.count == labels.count else { throw .invalidLabels(reason: "one of them is given twice") }
        var sets: [[Int]] = []
        for row in rows {
            var set: [Int] = []
            for label in row.labels {
                guard let place = places[label] else { throw .unknownLabel(label) }
                set.append(place)
            }
            if !isMultiLabel, set.count != 1 { throw .notOneLabel }
            sets.append(set)
        }
        self.labels = labels
        targets = isMultiLabel ? .sets(sets) : .classes(sets.map { $0[0] })
        sequences = TokenTable(rows.lazy.map { tokenizer.encode($0.text, maxTokens: maxTokens) })
    }

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
