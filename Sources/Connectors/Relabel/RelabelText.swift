import Serving

/// A row of `labels` that is to be relabelled, as it was read.
public struct RelabelRow: Sendable, Equatable {
    /// The task.
    public let task: String
    /// The label; `nil` where the task abstained, and for a multi-label task.
    public let label: String?
    /// The set of labels of a multi-label task; `nil` where it abstained, and for other tasks.
    public let labels: [String]?
    /// Probability of the best label.
    public let score: Double
    /// Whether the task gave no label.
    public let abstained: Bool
    /// The adapter that gave the label.
    public let adapterDigest: String
    /// `produced_at` as the server writes it: no unit of ours holds every time that a column can hold.
    let producedAt: String
    /// `labelled_at` likewise. With the digest it tells whether the row has been written since.
    let labelledAt: String
}

/// A stored text with its rows.
public struct RelabelText: Sendable {
    /// The origin of the record, or what stands in its place.
    public let origin: Origin
    /// In milliseconds since 1970.
    public let producedAt: Int64
    /// One per task, at least one.
    public internal(set) var rows: [RelabelRow]
}

/// A row with what the live adapter says of its text.
public struct RelabelledRow: Sendable {
    /// The origin of the record.
    public let origin: Origin
    /// In milliseconds since 1970.
    public let producedAt: Int64
    /// The row as it was.
    public let row: RelabelRow
    /// What it becomes.
    public let label: TaskLabel
    /// The text in UTF-8. It must not reach a log.
    public let text: [UInt8]
}
