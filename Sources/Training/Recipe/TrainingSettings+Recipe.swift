extension TrainingSettings {
    /// The defaults of commands and pipeline files: a recipe chooses what nobody gives.
    public static var automatic: TrainingSettings {
        var settings = TrainingSettings()
        settings.recipe = .auto
        return settings
    }

    /// Whether a person gave this hyper-parameter. A recipe leaves it alone.
    public func isGiven(_ parameter: Hyperparameter) -> Bool { given.contains(parameter.key) }

    /// Whether a person gave anything of the adapter's shape.
    public var givesShape: Bool { Hyperparameter.adapterShape.contains { $0.key != "dropout" && isGiven($0) } }

    /// How an automatic training that is lost starts again: with a quarter of the rate. nil: it does not, because the
    /// recipe is fixed or the rate was given.
    var secondAttempt: TrainingSettings? {
        guard recipe == .auto, !isGiven(.rate) else { return nil }
        var second = self
        second.learningRate /= 4
        // There is no third one.
        second.recipe = .fixed
        return second
    }
}
