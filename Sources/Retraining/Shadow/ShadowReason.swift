import AdapterRegistry

/// Champion and challenger on live texts, in words.
public struct ShadowReason {
    private let comparison: ShadowComparison

    /// The words for a comparison.
    public init(_ comparison: ShadowComparison) { self.comparison = comparison }

    /// Such as `17 of 240 labels change (7.1 %), agreement 92.9 %, mean confidence 0.84 against the champion's 0.81`.
    public var figures: String {
        guard comparison.texts > 0 else { return "no text was labelled by both" }
        let share = Self.percent(comparison.changedShare)
        var parts = ["\(comparison.changed) of \(comparison.compared) labels change (\(share))"]
        if comparison.expected > 0 {
            parts.append("\(comparison.expected) more because the labels of the task have changed")
        }
        parts.append("agreement \(Self.percent(comparison.agreement ?? 0))")
        let (new, old) = (comparison.challengerConfidence, comparison.championConfidence)
        parts.append("mean confidence \(Self.hundredths(new)) against the champion's \(Self.hundredths(old))")
        return parts.joined(separator: ", ")
    }

    /// With one decimal.
    static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }

    private static func hundredths(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
