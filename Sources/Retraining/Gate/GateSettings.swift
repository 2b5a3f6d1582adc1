/// What a challenger must show before it replaces the champion: `retrain.gate` of a pipeline file, with the two keys
/// beside it that the gate needs.
public struct GateSettings: Sendable, Equatable {
    /// What the held-out rows must show.
    public enum Rule: String, Sendable, Codable, CaseIterable {
        /// That the challenger is better.
        case better
        /// That it is not worse by more than the margin.
        case notWorse = "not_worse"
    }

    /// What to do where the rows that an adapter was trained on are unknown.
    public enum UnknownTrainingRows: String, Sendable, Codable, CaseIterable {
        /// Hold the challenger: either adapter may have been trained on the held-out rows.
        case refuse
        /// Judge it all the same.
        case allow
    }

    /// Who promotes a challenger that passed.
    public enum Approval: String, Sendable, Codable, CaseIterable {
        /// The retraining itself.
        case automatic
        /// A person, with `lorikeet adapters promote`.
        case person
    }

    /// What the held-out rows must show.
    public var rule = Rule.better
    /// The confidence of the decision, over all its looks: at most 1 − confidence of the challengers that are not
    /// better (or that are worse by the margin) pass.
    public var confidence = 0.95
    /// By how much the challenger may be worse under ``Rule/notWorse``, in accuracy and in macro-F1.
    public var margin = 0.01
    /// By how much the recall of a label may fall.
    public var labelFloor = 0.05
    /// With fewer held-out rows, a label is judged together with the other rare ones.
    public var minimumPerLabel = 10
    /// With fewer rows, a held-out set does not count.
    public var minimumHoldOut = 20
    /// The largest share of the rows that may be unusable.
    public var unusableRows = 0.02
    /// What to do where the rows that an adapter was trained on are unknown.
    public var unknownTrainingRows = UnknownTrainingRows.refuse
    /// Who promotes a challenger that passed.
    public var approve = Approval.automatic
    /// The macro-F1 that the challenger must gain besides; 0 asks for nothing more.
    public var minimumGain = 0.0

    /// The defaults of a pipeline file.
    public init() {}
}
