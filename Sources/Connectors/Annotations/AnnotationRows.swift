import FoundationEssentials
import JSON
import PostgresClient
import Serving

/// The newest labels of a task, among which the queue looks for texts.
public struct LabelWindow: Sendable, Equatable {
    /// The task.
    public let task: String
    /// Labels in it.
    public let rows: Int
    /// Labels whose text is stored.
    public let texts: Int
    /// When the oldest was written, as PostgreSQL prints it; nil without rows.
    let oldest: String?
}

/// How often a label was given in the two halves of a window.
public struct LabelShareCount: Sendable, Equatable {
    /// The label.
    public let label: String
    /// Times in the older half.
    public let older: Int
    /// Times in the newer half.
    public let newer: Int

    /// - Parameters: as the properties.
    public init(label: String, older: Int, newer: Int) {
        (self.label, self.older, self.newer) = (label, older, newer)
    }
}

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

/// What an annotator said of a text.
public struct AnnotationAnswer: Sendable, Equatable {
    /// The text.
    public var text: String
    /// One label, or all labels of a set.
    public var labels: [String]
    /// Whether the task gives sets of labels.
    public var isSet: Bool
    /// Who said it.
    public var annotator: String?
    /// Where the text came from.
    public var origin: Origin?
    /// When it was said; nil: now.
    public var answeredAt: Date?

    /// - Parameters: as the properties.
    public init(
        text: String, labels: [String], isSet: Bool, annotator: String?, origin: Origin?, answeredAt: Date?
    ) {
        (self.text, self.labels, self.isSet) = (text, labels, isSet)
        (self.annotator, self.origin, self.answeredAt) = (annotator, origin, answeredAt)
    }
}
