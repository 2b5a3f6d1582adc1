import BERT

/// The label or labels of one text for one task.
public struct TaskLabel: Sendable {
    /// The task's name.
    public let task: String
    /// `nil` where the daemon abstained, and for a multi-label task.
    public let label: String?
    /// The set of labels of a multi-label task, which may be empty; `nil` where the daemon abstained, and for other
    /// tasks.
    public let labels: [String]?
    /// Probability of the best label, even if the daemon abstained.
    public let score: Double
    /// Probability of every label, in the adapter's order.
    public let scores: [(label: String, score: Double)]
    /// Whether the text got no label: for its score, or for its distance.
    public let abstained: Bool
    /// The distance from the nearest centre of a label, where 1 is usual; `nil` while that is unknown.
    public let distance: Double?
    /// Whether the daemon abstained because of the distance.
    public let isNoneOfThese: Bool
    /// The adapter that labelled the text.
    public let adapterDigest: String
    /// The types in which the base computed: ``BERT/BERTBase/dtype``.
    public let dtype: String
    /// How the text was read in windows; `nil` if it was short enough for one sequence, or is cut.
    public let longText: LongTextReading?

    /// - Parameters: as the properties.
    public init(
        task: String, label: String?, labels: [String]? = nil, score: Double, scores: [(label: String, score: Double)],
        abstained: Bool, distance: Double? = nil, isNoneOfThese: Bool = false, adapterDigest: String,
        dtype: String = DataType.float32.rawValue, longText: LongTextReading? = nil
    ) {
        self.task = task
        self.label = label
        self.labels = labels
        self.score = score
        self.scores = scores
        self.abstained = abstained
        self.distance = distance
        self.isNoneOfThese = isNoneOfThese
        self.adapterDigest = adapterDigest
        self.dtype = dtype
        self.longText = longText
    }

    /// What the text gets; nil where the daemon abstained.
    var given: [String]? { abstained ? nil : labels ?? label.map { [$0] } }
}
