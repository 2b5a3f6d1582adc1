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
