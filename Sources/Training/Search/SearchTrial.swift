/// Settings that a search tries, and how far their training got.
public struct SearchTrial: Sendable {
    /// From 1, in the order in which they were drawn; 1 has the given settings.
    public let number: Int
    /// The settings of this trial.
    public let settings: TrainingSettings
    /// Steps taken.
    public internal(set) var step = 0
    /// Steps of a whole training.
    public internal(set) var steps = 0
    /// Halvings survived.
    public internal(set) var rung = 0
    /// On the validation rows, at the last halving that the trial reached; nil if it reached none.
    public internal(set) var evaluation: Evaluation?
    /// Whether its loss stopped being a number.
    public internal(set) var hasDiverged = false
    var checkpoint: TrainingCheckpoint?

    init(number: Int, settings: TrainingSettings) { (self.number, self.settings) = (number, settings) }

    /// Whether this trial ranks above another: first by how far it got, then by its metrics.
    func isBetter(than other: SearchTrial) -> Bool {
        if hasDiverged != other.hasDiverged { return other.hasDiverged }
        let (own, others) = (figures, other.figures)
        // Metrics of different halvings cannot be compared; the trial that got farther won the earlier one.
        return (rung, own.0, own.1, -number) > (other.rung, others.0, others.1, -other.number)
    }

    /// What the best epoch is chosen by, or macro-F1 if that is the last one; higher is better.
    private var figures: (Double, Double) {
        guard let evaluation else { return (-.infinity, -.infinity) }
        return (settings.epochSelection == .last ? .macroF1 : settings.epochSelection).figures(evaluation)
    }
}
