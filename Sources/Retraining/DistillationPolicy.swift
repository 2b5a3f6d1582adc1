import Training

/// When and how a challenger is distilled from the champion on texts without a label, so that it keeps
/// what the rows to train on do not show: `retrain.distillation`.
public struct DistillationPolicy: Sendable, Equatable {
    /// When.
    public enum Use: String, Sendable, Codable, CaseIterable {
        /// Where the rows to train on no longer show what the champion was trained on.
        case auto
        /// Wherever there is a champion.
        case always
        /// Never.
        case never
    }

    /// When.
    public var use = Use.auto
    /// At most this many texts, the newest ones.
    public var texts = 2000
    /// How strongly, and how softly.
    public var settings = Distillation.Settings()

    /// Of the champion's training rows, this share may be missing among the rows before `auto` holds to it.
    static let missingShare = 0.1

    /// The defaults.
    public init() {}
}
