import BERT

/// When the daemon keeps a task's label of a text to itself.
public enum Abstention: Sendable, Equatable {
    /// Where the best score is below this.
    case below(Double)
    /// Where it is below the threshold that the adapter in use was found to need for this share of right labels.
    case precision(Double)

    /// The score below which to abstain with an adapter; nothing reaches it where the adapter is not known to be of that precision.
    public func threshold(for manifest: AdapterManifest) -> Double {
        switch self {
        case .below(let score): score
        case .precision(let precision): manifest.abstention(forPrecision: precision)?.threshold ?? .infinity
        }
    }

    /// Why an adapter would never give a label, in words; nil if it may.
    public func doubt(_ manifest: AdapterManifest) -> String? {
        guard case .precision(let precision) = self, manifest.abstention(forPrecision: precision) == nil else {
            return nil
        }
        return manifest.abstention == nil
            ? "the adapter does not say what precision it reaches, so that no text would get a label; train it with validation rows"
            : "the adapter was not found to reach a precision of \(precision), so that no text would get a label"
    }
}
