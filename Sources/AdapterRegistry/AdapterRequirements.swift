import BERT

/// What a task requires of its adapter.
public struct AdapterRequirements: Sendable, Equatable, ExpressibleByArrayLiteral {
    /// The set of labels; empty: any.
    public var labels: [String]
    /// Whether a text has a set of labels; nil: either way.
    public var isMultiLabel: Bool?
    /// What became of labels that the task once had.
    public var mapping: LabelMapping

    /// - Parameters:
    ///   - labels: the set of labels; empty: any.
    ///   - isMultiLabel: whether a text has a set of labels; nil: either way.
    ///   - mapping: what became of labels that the task once had.
    public init(labels: [String], isMultiLabel: Bool? = nil, mapping: LabelMapping = LabelMapping()) {
        (self.labels, self.isMultiLabel, self.mapping) = (labels, isMultiLabel, mapping)
    }

    /// Only labels.
    public init(arrayLiteral labels: String...) { self.init(labels: labels) }

    /// Says why an adapter cannot label for the task; nil if it can.
    ///
    /// It can if the task accounts for each of its labels: has it, or renames, merges or retires it. The adapter may
    /// lack labels that the task has (``pending(_:)``): it labels with the old set until one with the new set is
    /// promoted.
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
        let left = mapping.current(adapter)
        if left.isEmpty { return "labels differ: the pipeline retires every label of the adapter" }
        let extra = Set(left).subtracting(labels).sorted()
        guard !extra.isEmpty else { return nil }
        let missing = Set(labels).subtracting(left).sorted()
        var parts: [String] = []
        if !missing.isEmpty { parts.append("the adapter lacks \(missing.joined(separator: ", "))") }
        let advice = " (rename, merge or retire \(extra.count == 1 ? "it" : "them"))"
        let isNamed = !adapter.allSatisfy(Adapter.isPlaceholder)
        parts.append("the pipeline does not name \(extra.joined(separator: ", "))" + (isNamed ? advice : ""))
        return "labels differ: " + parts.joined(separator: "; ")
    }

    /// Says what waits for the promotion of an adapter with the task's labels, while one with other labels is in use;
    /// nil if nothing does.
    public func pending(_ manifest: AdapterManifest) -> String? {
        guard !labels.isEmpty, labelMismatch(manifest.labels) == nil else { return nil }
        let missing = missingLabels(manifest)
        let old = manifest.labels.filter { mapping.current($0) != $0 }.sorted()
        var parts: [String] = []
        if !missing.isEmpty { parts.append("it does not give \(missing.joined(separator: ", "))") }
        if !old.isEmpty { parts.append("it still gives \(old.joined(separator: ", "))") }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// The labels that the task has and an adapter cannot give, not even under an old name.
    public func missingLabels(_ manifest: AdapterManifest) -> [String] {
        let given = Set(mapping.current(manifest.labels))
        return labels.filter { !given.contains($0) }
    }
}
