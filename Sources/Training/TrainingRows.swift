import BERT
import WordPiece

/// Labelled rows as the network sees them.
struct TrainingRows: Sendable {
    let labels: [String]
    let sequences: [[Int32]]
    /// Index of each row's label.
    let targets: [Int]

    var lengths: [Int] { sequences.indices.map(length) }

    /// Tokens of a row; an empty sequence counts as one, as in a `PackedBatch`.
    func length(_ row: Int) -> Int { max(sequences[row].count, 1) }

    init(labels: [String], sequences: [[Int32]], targets: [Int]) {
        (self.labels, self.sequences, self.targets) = (labels, sequences, targets)
    }

    /// - Parameter labels: those of the head, in order; nil: those of the rows, sorted.
    init(_ rows: [LabelledText], labels given: [String]?, tokenizer: WordPieceTokenizer, maxTokens: Int) throws(TrainingError) {
        guard let first = rows.first else { throw .noRows }
        guard rows.contains(where: { $0.label != first.label }) else { throw .oneLabel(first.label) }
        let labels = given ?? Set(rows.map(\.label)).sorted()
        guard !labels.contains("") else { throw .invalidLabels(reason: "one of them is empty") }
        let places = Dictionary(zip(labels, labels.indices), uniquingKeysWith: { first, _ in first })
        guard places.count == labels.count else { throw .invalidLabels(reason: "one of them is given twice") }
        var targets: [Int] = []
        for row in rows {
            guard let place = places[row.label] else { throw .unknownLabel(row.label) }
            targets.append(place)
        }
        self.labels = labels
        self.targets = targets
        sequences = rows.map { tokenizer.encode($0.text, maxTokens: maxTokens) }
    }

    /// The rows at these places, packed in their order.
    func batch(_ places: [Int]) -> PackedBatch { PackedBatch(places.lazy.map { sequences[$0] }) }
}
