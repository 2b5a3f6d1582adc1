import BERT

/// When the daemon abstains: gives a text no label for a task.
public enum Abstention: Sendable, Equatable {
    /// If the best score is below this.
    case below(Double)
    /// If the best score is below the threshold that the adapter needs for this precision, from 0 to 1.
    case precision(Double)

    /// The abstention threshold for an adapter; infinite if the adapter is not known to reach the precision.
    public func threshold(for manifest: AdapterManifest) -> Double {
        switch self {
        case .below(let score): score
        case .precision(let precision): manifest.abstention(forPrecision: precision)?.threshold ?? .infinity
        }
    }

    /// Why an adapter would abstain from every text, as a clause; nil if it would not.
    public func doubt(_ manifest: AdapterManifest) -> String? {
        guard case .precision(let precision) = self, manifest.abstention(forPrecision: precision) == nil else {
            return nil
        }
        return manifest.abstention == nil
            ? "the adapter does not say what precision it reaches, so no text would get a label; "
                + "train it with validation rows"
            : "the adapter does not reach a precision of \(precision), so no text would get a label"
    }
}
