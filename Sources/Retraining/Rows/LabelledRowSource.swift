import FoundationEssentials

/// Where the retraining path reads labelled rows.
public protocol LabelledRowSource: Sendable {
    /// The newest rows of a task, at most `limit` of them, oldest first (by time of creation, then by id).
    func rows(task: String, limit: Int) async throws -> [LabelledRow]
}

/// A labelled text, as the database keeps it.
public struct LabelledRow: Sendable, Equatable {
    /// Unique within the source.
    public var id: Int64
    /// The text that was labelled.
    public var text: String
    /// One label, or all labels of a set.
    public var labels: [String]
    /// Whether the row has a set of labels, be it empty or of one label: a row of a multi-label task.
    public var isSet: Bool
    /// When the row was added.
    public var createdAt: Date

    /// A row with one label.
    public init(id: Int64, text: String, label: String, createdAt: Date) {
        self.init(id: id, text: text, labels: [label], isSet: false, createdAt: createdAt)
    }

    /// A row with a set of labels.
    public init(id: Int64, text: String, labels: [String], createdAt: Date) {
        self.init(id: id, text: text, labels: labels, isSet: true, createdAt: createdAt)
    }

    /// The label; the first one of a set, and empty for an empty set.
    public var label: String { labels.first ?? "" }

    private init(id: Int64, text: String, labels: [String], isSet: Bool, createdAt: Date) {
        self.id = id
        self.text = text
        self.labels = labels
        self.isSet = isSet
        self.createdAt = createdAt
    }
}
