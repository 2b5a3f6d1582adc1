import AdapterRegistry
import Threading

/// How a challenger that won labels beside the champion before it goes live: `retrain.shadow` and the keys beside it.
public struct ShadowSettings: Sendable, Equatable {
    /// For how long at least; zero: it goes live at once.
    public var duration = Duration.zero
    /// The share of the labels that may change.
    public var changedLabels = 0.1
    /// How many texts both must have labelled at least.
    public var minimumTexts = 200
    /// When it ends without so many texts; no sooner than ``duration``.
    public var timeLimit = Duration.seconds(7 * 86400)

    /// The defaults of a pipeline file.
    public init() {}

    /// What is agreed with a challenger that won.
    ///
    /// - Parameters:
    ///   - retraining: in which it won.
    ///   - champion: digest of the champion that it labels beside.
    ///   - wait: how long it may not be promoted for another reason.
    func terms(retraining: Int64, champion: String, wait: Double, awaitsApproval: Bool) -> ShadowTerms {
        let seconds = max(duration.inSeconds, wait)
        return ShadowTerms(
            retraining: retraining, champion: champion, seconds: seconds, changedLabels: changedLabels,
            minimumTexts: minimumTexts, awaitsApproval: awaitsApproval,
            timeLimit: max(timeLimit.inSeconds, seconds))
    }
}
