/// What ``PromotionGate`` decided, and why.
public struct GateDecision: Sendable, Equatable {
    /// `promoted`, `held` or `rejected`.
    public var verdict: RetrainingVerdict
    /// A sentence for a person.
    public var reason: String
    /// The figures, for the journal and the report.
    public var findings: GateFindings

    /// A decision with these figures.
    public init(verdict: RetrainingVerdict, reason: String, findings: GateFindings) {
        self.verdict = verdict
        self.reason = reason
        self.findings = findings
    }
}

/// The figures behind a decision.
public struct GateFindings: Sendable, Codable, Equatable {
    /// Both adapters on some rows.
    public struct Comparison: Sendable, Codable, Equatable {
        /// The held-out set; nil: the rows of all sets that count.
        public var set: HeldOutSet.Kind?
        /// Number of rows.
        public var rows = 0
        /// Whether there are rows enough.
        public var counts = false
        /// Share of rows that the champion, or the most frequent label, predicts correctly.
        public var championAccuracy = 0.0
        /// Share of rows that the challenger predicts correctly.
        public var challengerAccuracy = 0.0
        /// Macro-F1 of the champion, or of the most frequent label.
        public var championMacroF1 = 0.0
        /// Macro-F1 of the challenger.
        public var challengerMacroF1 = 0.0
        /// Rows that only the champion predicts correctly.
        public var onlyChampion = 0
        /// Rows that only the challenger predicts correctly.
        public var onlyChallenger = 0
        /// One-sided p-value of McNemar's test (mid-p): that the challenger makes no fewer errors.
        public var errorsP = 1.0
        /// Share of bootstrap samples in which the challenger's macro-F1 is not better.
        public var macroF1P = 1.0
        /// Lower bound of the difference of accuracy, at the level of this look.
        public var accuracyLowerBound = -1.0
        /// Lower bound of the difference of macro-F1, at the level of this look.
        public var macroF1LowerBound = -1.0

        enum CodingKeys: String, CodingKey {
            case set, rows, counts
            case championAccuracy = "champion_accuracy"
            case challengerAccuracy = "challenger_accuracy"
            case championMacroF1 = "champion_macro_f1"
            case challengerMacroF1 = "challenger_macro_f1"
            case onlyChampion = "only_champion"
            case onlyChallenger = "only_challenger"
            case errorsP = "errors_p"
            case macroF1P = "macro_f1_p"
            case accuracyLowerBound = "accuracy_lower_bound"
            case macroF1LowerBound = "macro_f1_lower_bound"
        }
    }

    /// The recall of a label, or of the rare labels together.
    public struct LabelRecall: Sendable, Codable, Equatable {
        /// The label; several if they are judged together.
        public var labels: [String]
        /// Held-out rows that have the label; a row counts once per label that it has.
        public var rows: Int
        /// Rows that only the champion finds.
        public var lost: Int
        /// Rows that only the challenger finds.
        public var gained: Int
        /// Recall of the champion.
        public var championRecall: Double
        /// Recall of the challenger.
        public var challengerRecall: Double
        /// One-sided p-value of McNemar's test (mid-p): that the recall did not fall.
        public var fallP: Double
        /// Whether the fall is above the floor and beyond chance.
        public var fell: Bool

        enum CodingKeys: String, CodingKey {
            case labels, rows, lost, gained, fell
            case championRecall = "champion_recall"
            case challengerRecall = "challenger_recall"
            case fallP = "fall_p"
        }
    }

    /// The rule that was applied.
    public var rule: GateSettings.Rule
    /// How many times the challenger has been judged.
    public var look: Int
    /// The one-sided level of this look.
    public var level: Double
    /// The rows of all sets that count.
    public var union: Comparison
    /// Set by set.
    public var sets: [Comparison]
    /// Labels with held-out rows, the largest fall of recall first, and the rare ones together.
    public var labels: [LabelRecall]
    /// The champion's labels without a held-out row.
    public var unseenLabels: [String]
    /// Whether the challenger passed and waits for a person.
    public var awaitsApproval: Bool
    /// What training said of the challenger.
    public var warnings: [String]

    enum CodingKeys: String, CodingKey {
        case rule, look, level, union, sets, labels, warnings
        case unseenLabels = "unseen_labels"
        case awaitsApproval = "awaits_approval"
    }
}
