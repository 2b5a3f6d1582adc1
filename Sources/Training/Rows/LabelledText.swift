/// One row to learn from or to be measured on.
public struct LabelledText: Sendable, Equatable {
    public var text: String
    /// One label; of a multi-label task all that hold, in no order that counts, none if none does.
    public var labels: [String]

    /// A row of a task that gives each text one label.
    public init(text: String, label: String) { self.init(text: text, labels: [label]) }

    /// A row of a multi-label task.
    public init(text: String, labels: [String]) {
        self.text = text
        self.labels = labels
    }

    /// The label; of several the first, of none empty.
    public var label: String {
        get { labels.first ?? "" }
        set { labels = [newValue] }
    }
}
