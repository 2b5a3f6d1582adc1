import AdapterRegistry
import FoundationEssentials
import Training

/// What a verdict rests on, as the journal keeps it: `retrainings.report`.
public struct VerdictReport: Sendable, Codable, Equatable {
    /// What became of the rows.
    public struct Rows: Sendable, Codable, Equatable {
        /// Rows read.
        public var read = 0
        /// Rows to train on.
        public var training = 0
        /// Rows held out.
        public var heldOut = 0
        /// Those of them that are held out as the newest ones.
        public var newest = 0
        /// Rows that would be held out, but that the champion was trained on.
        public var seen = 0
        /// Rows that should have been usable and were not.
        public var unusable = 0
        /// Those by kind (``UnusableRowKind``); nil if there are none, and in older reports.
        public var unusableKinds: [String: Int]?
        /// Rows per label that the task does not have, of the most frequent ones; nil as above. A long label is
        /// probably a text in the wrong column and is not named.
        public var unknownLabels: [String: Int]?
        /// Rows that a newer one of the same text corrected; nil as above.
        public var corrected: Int?
        /// Rows whose text occurs again later.
        public var duplicates = 0
        /// Texts whose rows have different labels, of which one counts.
        public var contradictory = 0

        init(_ summary: RowSummary) {
            (read, training, heldOut) = (summary.read, summary.training, summary.heldOut)
            (newest, seen) = (summary.newest, summary.seen)
            (unusable, duplicates) = (summary.unusable, summary.duplicates)
            contradictory = summary.contradictory
            let kinds = summary.unusableKinds.filter { $0.value > 0 }
            if !kinds.isEmpty {
                unusableKinds = Dictionary(uniqueKeysWithValues: kinds.map { ($0.key.rawValue, $0.value) })
            }
            let labels = UnusableRowsDescription.shortLabels(summary).prefix(Self.namedLabels)
            if !labels.isEmpty { unknownLabels = Dictionary(uniqueKeysWithValues: labels.map { ($0.key, $0.value) }) }
            if summary.corrected > 0 { corrected = summary.corrected }
        }

        /// How many unknown labels are named.
        private static let namedLabels = 20

        private enum CodingKeys: String, CodingKey {
            case read, training, newest, seen, unusable, duplicates, contradictory, corrected
            case heldOut = "held_out"
            case unusableKinds = "unusable_kinds"
            case unknownLabels = "unknown_labels"
        }
    }

    /// The shadow of a challenger.
    public struct Shadow: Sendable, Codable, Equatable {
        /// What was agreed when it began.
        public var terms: ShadowTerms
        /// Champion and challenger on live texts; nil while it lasts, or where it ended without.
        public var comparison: ShadowComparison?
    }

    /// What held a challenger to the champion.
    public struct Distillation: Sendable, Codable, Equatable {
        /// Texts without a label on which it was.
        public var texts: Int
        /// `retrain.distillation.weight`.
        public var weight: Double
        /// `retrain.distillation.temperature`.
        public var temperature: Double

        init(_ distillation: Training.Distillation) {
            texts = distillation.texts.count
            (weight, temperature) = (distillation.settings.weight, distillation.settings.temperature)
        }

        /// Such as `the challenger was distilled from the champion on 1812 texts without a label (weight
        /// 4.0, temperature 2.0)`.
        var sentence: String {
            "the challenger was distilled from the champion on \(Quantity.text(texts, "text")) without a label "
                + "(weight \(weight), temperature \(temperature))"
        }
    }

    /// What became of the rows.
    public var rows: Rows
    /// The labels of the task.
    public var labels: [String]
    /// The gate's figures; nil where nothing was judged.
    public var findings: GateFindings?
    /// The champion on the held-out rows.
    public var champion: Evaluation?
    /// The challenger on the same rows.
    public var challenger: Evaluation?
    /// The rows that the challenger was trained on; nil where nothing was trained, or where they are unknown.
    public var trainingRange: TrainingRowRange?
    /// How the challenger was trained; nil where nothing was trained.
    public var recipe: RecipeAccount?
    /// What held the challenger to the champion when it was trained; nil: nothing.
    public var distillation: Distillation?
    /// What the precision of the base costs the challenger; nil where the base is float32, or where it did not win.
    public var precision: Precision?
    /// Since when rows were held out as the newest ones, in seconds since 1970, exactly.
    public var newestSince: Double?
    /// When a challenger that won may be promoted, in seconds since 1970.
    public var waitsUntil: Double?
    /// The shadow that began or ended with this verdict.
    public var shadow: Shadow?
    /// First digits of the SHA-256 of the pipeline file.
    public var pipelineFile: String?

    init(rows: RowSummary, labels: [String], pipelineFile: String?) {
        (self.rows, self.labels, self.pipelineFile) = (Rows(rows), labels, pipelineFile)
    }

    /// Whether the challenger won and waits for a person to promote it.
    public var awaitsApproval: Bool { findings?.awaitsApproval ?? false }

    /// Reads what ``json`` gave; nil if it is something else, as what another version of this program wrote.
    public init?(json: String) {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let report = try? decoder.decode(VerdictReport.self, from: Data(json.utf8)) else { return nil }
        self = report
    }

    /// An object of JSON.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.dateEncodingStrategy = .deferredToDate
        // JSON has no number for NaN and infinity.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private enum CodingKeys: String, CodingKey {
        case rows, labels, findings, champion, challenger, recipe, shadow, distillation, precision
        case trainingRange = "training_range"
        case newestSince = "newest_since"
        case waitsUntil = "waits_until"
        case pipelineFile = "pipeline_file"
    }
}
