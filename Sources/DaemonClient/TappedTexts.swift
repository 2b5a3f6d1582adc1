import FoundationEssentials

/// Texts that passed through a pipeline, as `/tap` on the daemon's socket gives them.
public struct TappedTexts: Sendable, Equatable, Codable {
    /// In the order in which they were stored.
    public var texts: [Text]
    /// Texts that matched and were dropped since the last answer.
    public var dropped: Int

    /// - Parameters: as the properties.
    public init(texts: [Text], dropped: Int) { (self.texts, self.dropped) = (texts, dropped) }

    /// A text with its labels.
    public struct Text: Sendable, Equatable, Codable {
        /// `topic/partition@offset`.
        public var origin: String
        /// Milliseconds since 1970; nil if the record has no timestamp.
        public var producedAt: Int64?
        /// Complete.
        public var text: String
        /// One per task that was asked for.
        public var labels: [Label]

        /// - Parameters: as the properties.
        public init(origin: String, producedAt: Int64?, text: String, labels: [Label]) {
            (self.origin, self.producedAt, self.text, self.labels) = (origin, producedAt, text, labels)
        }
    }

    /// What a task answered.
    public struct Label: Sendable, Equatable, Codable {
        /// The task's name.
        public var task: String
        /// Nil where the daemon abstained, and in a multi-label task.
        public var label: String?
        /// Nil where the daemon abstained, and in other tasks.
        public var labels: [String]?
        /// Probability of the best label.
        public var score: Double
        /// Whether the text got no label.
        public var abstained: Bool
        /// Identifies the adapter.
        public var adapterDigest: String

        /// - Parameters: as the properties.
        public init(
            task: String, label: String?, labels: [String]?, score: Double, abstained: Bool, adapterDigest: String
        ) {
            (self.task, self.label, self.labels) = (task, label, labels)
            (self.score, self.abstained, self.adapterDigest) = (score, abstained, adapterDigest)
        }
    }
}
