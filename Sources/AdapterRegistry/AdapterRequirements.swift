import BERT

/// What a task requires of its adapter.
public struct AdapterRequirements: Sendable, Equatable, ExpressibleByArrayLiteral {
    /// The set of labels; empty: any.
    public var labels: [String]
    /// Whether a text has a set of labels; nil: either way.
    public var isMultiLabel: Bool?

    /// - Parameters:
    ///   - labels: the set of labels; empty: any.
    ///   - isMultiLabel: whether a text has a set of labels; nil: either way.
    public init(labels: [String], isMultiLabel: Bool? = nil) {
        self.labels = labels
        self.isMultiLabel = isMultiLabel
    }

    /// Only labels.
    public init(arrayLiteral labels: String...) { self.init(labels: labels) }

    /// Says how an adapter differs from the requirements; nil if it meets them.
    public func mismatch(_ manifest: AdapterManifest) -> String? {
        if let isMultiLabel, isMultiLabel != manifest.isMultiLabel {
            return manifest.isMultiLabel
                ? "the adapter gives a text a set of labels, but the pipeline says multi_label: false"
                : "the adapter gives a text one label, but the pipeline says multi_label: true"
        }
        guard let mismatch = labelMismatch(manifest.labels) else { return nil }
        let hint = "; the adapter has no label names: import its folder again with --labels or this pipeline file"
        return manifest.labels.allSatisfy(Adapter.isPlaceholder) ? mismatch + hint : mismatch
    }

    private func labelMismatch(_ adapter: [String]) -> String? {
        guard !labels.isEmpty else { return nil }
        let missing = Set(labels).subtracting(adapter).sorted()
        let extra = Set(adapter).subtracting(labels).sorted()
        guard !(missing.isEmpty && extra.isEmpty) else { return nil }
        var parts: [String] = []
        if !missing.isEmpty { parts.append("the adapter lacks \(missing.joined(separator: ", "))") }
        if !extra.isEmpty { parts.append("the pipeline does not name \(extra.joined(separator: ", "))") }
        return "labels differ: " + parts.joined(separator: "; ")
    }
}
