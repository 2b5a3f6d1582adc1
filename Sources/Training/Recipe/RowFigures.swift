import BERT

/// What a recipe knows of the rows to train on.
public struct RowFigures: Sendable, Codable, Equatable {
    /// Rows to train on.
    public var rows: Int
    /// Labels that occur in them.
    public var labels: Int
    /// Rows of the rarest label.
    public var fewest: Int
    /// Mean tokens per text, `[CLS]` and `[SEP]` included, over all windows of a long text.
    public var tokens: Double

    /// Figures that are known.
    public init(rows: Int, labels: Int, fewest: Int, tokens: Double) {
        (self.rows, self.labels, self.fewest, self.tokens) = (rows, labels, fewest, tokens)
    }

    /// Counts rows and labels. Of the texts a sample is tokenized, spread evenly over the rows.
    public init(_ rows: [LabelledText], encoder: TextEncoder) {
        var counts: [String: Int] = [:]
        for row in rows {
            for label in row.labels { counts[label, default: 0] += 1 }
        }
        let sample = EvenSample(of: rows.count, atMost: 500).places
        let tokens = sample.reduce(0) { sum, row in
            encoder.encode(rows[row].text).windows.reduce(sum) { $0 + $1.tokens.count }
        }
        self.init(
            rows: rows.count, labels: counts.count, fewest: counts.values.min() ?? 0,
            tokens: Double(tokens) / Double(max(sample.count, 1)))
    }

    /// The mean number of rows per label.
    var mean: Double { Double(rows) / Double(max(labels, 1)) }

    /// How a line of output names them.
    public var text: String { "\(rows) rows, \(labels) labels, \(Int(tokens.rounded())) tokens per text" }
}
