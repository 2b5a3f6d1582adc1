import JSON
import PostgresClient
import Serving

/// A text that was labelled by an adapter and by nobody else.
public struct UnlabelledText: Sendable, Equatable {
    /// The pipeline that labelled it.
    public let pipeline: String
    /// Where the text came from.
    public let origin: Origin
    /// The text.
    public let text: String
    /// The labels that the adapter gave; none where it abstained.
    public let labels: [String]
    /// The probability of each label, in the order of the names.
    public let scores: [LabelScore]
    /// Whether the daemon abstained.
    public let isAbstained: Bool
    /// How sure the adapter is, from 0 to 1.
    public let margin: Double
    /// The adapter.
    public let adapterDigest: String

    /// A label and its probability.
    public struct LabelScore: Sendable, Equatable {
        /// The label.
        public let label: String
        /// Its probability.
        public let score: Double
    }

    /// The label with the highest score; nil if there are no scores.
    public var best: LabelScore? { scores.max { $0.score < $1.score } }

    init(_ row: PostgresRow) throws {
        pipeline = try row.text("pipeline")
        origin = Origin(
            topic: try row.text("topic"), partition: Int32(clamping: try row.integer("partition")),
            offset: try row.integer("offset"))
        text = try row.text("text")
        labels =
            try row.optionalTexts("labels")?.compactMap(\.self) ?? [try row.optionalText("label")].compactMap(\.self)
        scores = Self.scores(try row.text("scores"))
        isAbstained = try row.boolean("abstained")
        margin = try row.double("margin")
        adapterDigest = try row.text("adapter_digest")
    }

    private static func scores(_ json: String) -> [LabelScore] {
        guard case .object(let members)? = try? JSONParser.parse(Array(json.utf8)) else { return [] }
        return members.compactMap { label, value in
            guard case .number(let score) = value else { return nil }
            return LabelScore(label: label, score: score)
        }.sorted { $0.label < $1.label }
    }
}
