import BERT
import Training

/// The settings of a retraining.
public struct RetrainingSettings: Sendable, Equatable {
    /// How the challenger is trained.
    public var training = TrainingSettings()
    /// What became of labels that the task once had.
    public var mapping = LabelMapping()
    /// When and how a challenger is distilled from the champion.
    public var distillation = DistillationPolicy()
    /// What a row of an annotator counts where labels of one text differ. Empty: the newest label counts.
    public var trust: [String: Double] = [:]
    /// At most this many of the newest rows are read.
    public var maximumRows = 100_000
    /// With fewer rows to train on, the retraining is skipped.
    public var minimumTraining = 20
    /// Which rows are held out.
    public var holdOut = HoldOut()
    /// The share of the rows that is held out as the newest ones.
    public var newestShare = 0.1
    /// What the challenger must achieve on the held-out rows.
    public var gate = GateSettings()
    /// What a base in another type than float32 may cost a challenger that won.
    public var precision = PrecisionLimits()
    /// Whether texts of the stream are stored.
    public var storesTexts = true
    /// Whether layers that cost such a challenger too much fall back to a finer type when it goes live, as under
    /// `dtype: auto`. Otherwise it is held.
    public var fallsBack = false
    /// How often a held challenger is judged at most, the first time included.
    public var maximumLooks = 5
    /// How long a challenger that won labels beside the champion first.
    public var shadow = ShadowSettings()
    /// The least time between two promotions.
    public var minimumPromotionInterval = Duration.zero
    /// How long a trained challenger waits for a database that is away.
    public var publishPatience = Duration.seconds(3600)
    /// First digits of the SHA-256 of the pipeline file that has these settings, for the journal.
    public var pipelineFile: String?
    /// Whether training starts from the champion if its base and shape are the same and the task has all its labels.
    public var startsFromChampion = true

    /// The defaults.
    public init() {
        // The held-out rows judge the challenger and must not choose its epoch.
        training.epochSelection = .last
    }
}
