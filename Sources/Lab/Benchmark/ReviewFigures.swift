import JSON
import Reports

/// How well wrong labels were found in one run.
public struct ReviewFigures: Sendable {
    /// Suspects that are counted.
    static let counts = [50, 100, 200, 500]

    let seed: UInt64
    let rows: Int
    let labels: Int
    let workers: Int
    /// Rows that got another label.
    var flipped = 0
    /// Per suspect, whether its label was flipped.
    var found: [Bool] = []
    /// Per suspect, whether the label was flipped and the suggestion is the one from before.
    var corrected: [Bool] = []
    var featureSeconds = 0.0
    var reviewSeconds = 0.0

    init(seed: UInt64, rows: Int, labels: Int, workers: Int) {
        (self.seed, self.rows, self.labels, self.workers) = (seed, rows, labels, workers)
    }

    /// Share of the first suspects; nil if there are fewer.
    private static func share(_ hits: [Bool], _ count: Int) -> Double? {
        hits.count >= count ? Double(hits.prefix(count).count { $0 }) / Double(count) : nil
    }

    private var recall: Double { Double(found.count { $0 }) / Double(max(flipped, 1)) }

    /// The figures as one JSON object.
    public var json: JSONValue {
        func shares(_ hits: [Bool]) -> JSONValue {
            .object(Self.counts.map { ("\($0)", Self.share(hits, $0).map { .rounded($0, 4) } ?? .null) })
        }
        return .object([
            ("name", .string("review")), ("rows", .integer(rows)), ("labels", .integer(labels)),
            ("flipped", .integer(flipped)), ("suspects", .integer(found.count)), ("precision", shares(found)),
            ("corrected", shares(corrected)), ("recall", .rounded(recall, 4)),
            ("feature_seconds", .rounded(featureSeconds, 2)), ("review_seconds", .rounded(reviewSeconds, 2)),
            ("seed", .integer(Int(clamping: seed))), ("workers", .integer(workers)),
        ])
    }

    /// The figures of some runs as a section of the page that `make benchmark-learning` writes.
    ///
    /// - Parameters:
    ///   - name: of the rows.
    ///   - flip: the share of rows that got another label.
    public static func section(_ runs: [ReviewFigures], name: String, flip: Double) -> String {
        let lines = runs.map { run in
            let shares = [50, 200, 500].map { Figure.decimal(share(run.found, $0), 3) }
            let cells =
                ["\(run.seed)", "\(Figure.grouped(run.flipped))", "\(Figure.grouped(run.found.count))"] + shares
                + [Figure.decimal(share(run.corrected, 200), 3), Figure.decimal(run.recall, 3)]
            return "| \(cells.joined(separator: " | ")) |"
        }
        return """
            ## Suspect labels: `\(name)`

            \(Figure.plain(100 * flip)) % of \(Figure.grouped(runs.first?.rows ?? 0)) rows with \
            \(runs.first?.labels ?? 0) labels get another label at random.
            `annotations review` ranks the rows whose label is probably wrong. Precision is the share of the first
            suspects whose label was flipped. Labels that were already wrong count against it. Goal: 0.8 of the first
            200.

            | seed | flipped | suspects | precision of the first 50 | of 200 | of 500 | corrected, of 200 | recall |
            |--:|--:|--:|--:|--:|--:|--:|--:|
            \(lines.joined(separator: "\n"))

            """
    }
}
