/// A text with its labels: a row to train on or to evaluate on.
public struct LabelledText: Sendable, Equatable {
    /// The text.
    public var text: String
    /// One label; in a multi-label task all labels that hold, in any order, possibly none.
    public var labels: [String]

    /// A row with one label.
    public init(text: String, label: String) { self.init(text: text, labels: [label]) }

    /// A row with a set of labels.
    public init(text: String, labels: [String]) {
        self.text = text
        self.labels = labels
    }

    /// The label; the first one of a set, and empty for an empty set.
    public var label: String {
        get { labels.first ?? "" }
        set { labels = [newValue] }
    }
}
