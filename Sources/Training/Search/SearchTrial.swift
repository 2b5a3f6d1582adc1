/// Settings that were tried, and how far they got.
public struct SearchTrial: Sendable {
    /// From 1, in the order in which they were drawn; 1 is what was given.
    public let number: Int
    public let settings: TrainingSettings
    /// Steps taken, and those of a whole training.
    public internal(set) var step = 0
    public internal(set) var steps = 0
    /// Halvings that it came through.
    public internal(set) var rung = 0
    /// On the validation rows, at the last halving that it reached; nil if it reached none.
    public internal(set) var evaluation: Evaluation?
    /// Its loss stopped being a number.
    public internal(set) var hasDiverged = false
    var checkpoint: TrainingCheckpoint?

    init(number: Int, settings: TrainingSettings) { (self.number, self.settings) = (number, settings) }

    /// Whether it is to be preferred: farther, then better.
    func isBetter(than other: SearchTrial) -> Bool {
        if hasDiverged != other.hasDiverged { return other.hasDiverged }
        let (own, others) = (figures, other.figures)
        // Figures of different halvings cannot be compared; who came farther won the earlier one.
        return (rung, own.0, own.1, -number) > (other.rung, others.0, others.1, -other.number)
    }

    /// By what the epoch to keep is chosen, or by macro-F1 where that is the last one; the higher, the better.
    private var figures: (Double, Double) {
        guard let evaluation else { return (-.infinity, -.infinity) }
        return (settings.keeping == .last ? .macroF1 : settings.keeping).figures(evaluation)
    }
}
