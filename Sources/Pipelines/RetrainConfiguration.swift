import Retraining
import Training

/// `retrain`: when the daemon retrains a task, what the challenger must gain, and how it is trained.
public struct RetrainConfiguration: Sendable, Equatable {
    /// `every`: the least time between the starts of two retrainings.
    public var every = RetrainKeys.every.fallback
    /// `minimum_new_rows`: with fewer new rows since the last retraining, there is none.
    public var minimumNewRows = RetrainKeys.minimumNewRows.fallback
    /// `gate`, `minimum_gain` and `minimum_hold_out`: what the challenger must show on the held-out rows.
    public var gate = GateSettings()
    /// `maximum_rows`: only the newest labelled rows are used, at most this many.
    public var maximumRows = RetrainKeys.maximumRows.fallback
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
