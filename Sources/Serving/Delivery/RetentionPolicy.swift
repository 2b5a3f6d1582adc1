/// How long the rows of a pipeline are kept, by the database's clock: the key `retention` of its file. Nil: for ever.
public struct RetentionPolicy: Sendable, Equatable {
    /// Rows of `labels`, since they were last written.
    public var labels: Duration?
    /// Rows of `rejected`, since they were last written.
    public var rejected: Duration?
    /// Rows of `messages`, since they were stored; nil: as long as labels.
    public var texts: Duration?
    /// Rows of `labels_history`, since their label was replaced; nil: as long as labels.
    public var history: Duration?
    /// Rows of `shadow_labels`, since they were last written; nil: as long as labels.
    public var shadowLabels: Duration?

    /// Keeps everything.
    public init() {}

    /// Whether nothing is ever deleted.
    public var keepsEverything: Bool { self == RetentionPolicy() }

    /// How long the rows of a table are kept. What belongs to a label is not kept longer than the label.
    public func age(of table: RetentionTable) -> Duration? {
        switch table {
        case .labels: labels
        case .rejected: rejected
        case .messages: texts ?? labels
        case .history: history ?? labels
        case .shadowLabels: shadowLabels ?? labels
        }
    }

    /// Tables whose rows are not kept for ever, with their age.
    public var limits: [(table: RetentionTable, age: Duration)] {
        RetentionTable.allCases.compactMap { table in age(of: table).map { (table, $0) } }
    }
}

/// A table whose old rows are deleted.
public enum RetentionTable: String, Sendable, CaseIterable {
    /// Rejected records.
    case rejected
    /// Labels.
    case labels
    /// Texts of records.
    case messages
    /// Replaced labels.
    case history = "labels_history"
    /// Labels of challengers in shadow.
    case shadowLabels = "shadow_labels"
}
