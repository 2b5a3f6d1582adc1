import BERT

/// What a task's adapter must be like to be of use.
public struct TaskForm: Sendable, Equatable, ExpressibleByArrayLiteral {
    /// The set of labels; empty: any.
    public var labels: [String]
    /// Whether a text has a set of labels; nil: as the adapter has it.
    public var isMultiLabel: Bool?

    public init(labels: [String], isMultiLabel: Bool? = nil) {
        self.labels = labels
        self.isMultiLabel = isMultiLabel
    }

    public init(arrayLiteral labels: String...) { self.init(labels: labels) }

    /// Says how an adapter differs; nil if it does not.
    public func mismatch(_ manifest: AdapterManifest) -> String? {
        if let isMultiLabel, isMultiLabel != manifest.isMultiLabel {
            return manifest.isMultiLabel
                ? "the adapter gives a text a set of labels, the pipeline says multi_label: false"
                : "the adapter gives a text one label, the pipeline says multi_label: true"
        }
        guard let mismatch = labelMismatch(adapter: manifest.labels, pipeline: labels) else { return nil }
        let hint = "; nobody named the adapter's labels: import its folder again with --labels or this pipeline file"
        return manifest.labels.allSatisfy(Adapter.isPlaceholder) ? mismatch + hint : mismatch
    }
}
