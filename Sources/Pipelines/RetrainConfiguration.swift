import Training

/// `retrain`: when the daemon retrains a task, what the challenger must gain, and how it is trained.
public struct RetrainConfiguration: Sendable, Equatable {
    /// `every`: the least time between the starts of two retrainings.
    public var every = RetrainKeys.every.fallback
    /// `minimum_new_rows`: with fewer new rows since the last retraining, there is none.
    public var minimumNewRows = RetrainKeys.minimumNewRows.fallback
    /// `minimum_gain`: the macro-F1 that the challenger must gain on the held-out rows.
    public var minimumGain = RetrainKeys.minimumGain.fallback
    /// `minimum_hold_out`: with fewer held-out rows, a retraining is skipped.
    public var minimumHoldOut = RetrainKeys.minimumHoldOut.fallback
    /// `maximum_rows`: only the newest labelled rows are used, at most this many.
    public var maximumRows = RetrainKeys.maximumRows.fallback
    /// `query`: the user's own SELECT of labelled rows; nil: the table `annotations`.
    public var query: String?
    /// `since`: how old the rows may be; nil: any age.
    public var since: Duration?
    /// `trust`: what a label of an annotator counts; empty: the newest label of a text counts.
    public var trust: [String: Double] = [:]
    /// The hyper-parameters, each with a key of its own.
    public var training: TrainingSettings

    /// The defaults.
    public init() {
        training = TrainingSettings()
        // The held-out rows judge the challenger and must not choose its epoch.
        training.epochSelection = .last
    }

    /// The settings of a training.
    ///
    /// - Parameter maxTokens: `batch.max_tokens`, which serving and training share.
    public func trainingSettings(maxTokens: Int) -> TrainingSettings {
        var settings = training
        settings.maxTokens = maxTokens
        return settings
    }
}
