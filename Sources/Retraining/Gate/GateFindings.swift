import Training

/// The figures behind a decision.
public struct GateFindings: Sendable, Codable, Equatable {
    /// What the challenger is compared with.
    public enum Opponent: String, Sendable, Codable {
        /// The live adapter.
        case champion
        /// A classifier that always gives the most frequent label: no live adapter can be evaluated.
        case mostFrequentLabel = "most_frequent_label"
    }

    /// Both on some rows.
    public struct Comparison: Sendable, Codable, Equatable {
        /// The held-out set; nil: the rows of all sets that count.
        public var set: HeldOutSet.Kind?
        /// Number of rows.
        public var rows: Int
        /// Whether there are rows enough.
        public var counts: Bool
        /// Share of rows that the opponent predicts correctly.
        public var championAccuracy: Double
        /// Share of rows that the challenger predicts correctly.
        public var challengerAccuracy: Double
        /// Macro-F1 of the opponent.
        public var championMacroF1: Double
        /// Macro-F1 of the challenger.
        public var challengerMacroF1: Double
        /// Rows that only the opponent predicts correctly.
        public var onlyChampion: Int
        /// Rows that only the challenger predicts correctly.
        public var onlyChallenger: Int
        /// One-sided p-value of McNemar's test (mid-p): that the challenger makes no fewer errors.
        public var errorsP: Double
        /// One-sided p-value of a paired bootstrap: that the challenger's macro-F1 is not higher. Only of all rows.
        public var macroF1P: Double?
        /// Lower bound of the difference of accuracy (Tango's score interval), at the level of this look.
        public var accuracyLowerBound: Double
        /// Lower bound of the difference of macro-F1 (bootstrap), at the level of this look. Only of all rows.
        public var macroF1LowerBound: Double?

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
        /// What the rows say of it.
        public enum State: String, Sendable, Codable {
            /// It did not fall, or chance explains the fall.
            case kept
            /// It fell by more than the floor, and chance would explain that if one looks at many labels.
            case doubtful
            /// It fell by more than the floor.
            case fell
        }

        /// The label; several if they are judged together.
        public var labels: [String]
        /// Held-out rows that have the label; a row counts once per label that it has.
        public var rows: Int
        /// Rows for which only the champion predicts the label.
        public var lost: Int
        /// Rows for which only the challenger predicts it.
        public var gained: Int
        /// Recall of the champion.
        public var championRecall: Double
        /// Recall of the challenger.
        public var challengerRecall: Double
        /// One-sided p-value of McNemar's test (mid-p) on these rows: that the recall did not fall.
        public var fallP: Double
        /// What the rows say.
        public var state: State

        enum CodingKeys: String, CodingKey {
            case labels, rows, lost, gained, state
            case championRecall = "champion_recall"
            case challengerRecall = "challenger_recall"
            case fallP = "fall_p"
        }
    }

    /// What the challenger is compared with.
    public var opponent: Opponent
    /// The rule that was applied.
    public var rule: GateSettings.Rule
    /// The number of this look at the rows, from 1. It decides the level.
    public var look: Int
    /// Whether the rows could judge at all. A look that could not spends nothing of the error rate: the next one has
    /// the same number.
    public var couldJudge = true
    /// The one-sided level of this look.
    public var level: Double
    /// The rows of all sets that count.
    public var union: Comparison
    /// Set by set.
    public var sets: [Comparison]
    /// Labels that the champion may lose, the most doubtful first, and the rare ones together. Empty where no champion
    /// can be evaluated.
    public var labels: [LabelRecall]
    /// Labels that lack held-out rows, with the number that is missing. They hold the promotion.
    public var missingRows: [String: Int]
    /// Labels with held-out rows enough that the challenger never predicts correctly.
    public var neverFound: [String]
    /// Whether the challenger passed and waits for a person.
    public var awaitsApproval = false

    enum CodingKeys: String, CodingKey {
        case opponent, rule, look, level, union, sets, labels
        case missingRows = "missing_rows"
        case neverFound = "never_found"
        case couldJudge = "could_judge"
        case awaitsApproval = "awaits_approval"
    }
}

extension GateFindings.LabelRecall {
    /// Labels judged together, or one.
    init(_ labels: [PairedCells.LabelAgreement]) {
        let rows = labels.reduce(0) { $0 + $1.rows }
        let (lost, gained) = labels.reduce((0, 0)) { ($0.0 + $1.onlyFirst, $0.1 + $1.onlySecond) }
        func share(_ found: Int) -> Double { rows == 0 ? 0 : Double(found) / Double(rows) }
        self.init(
            labels: labels.map(\.label).sorted(), rows: rows, lost: lost, gained: gained,
            championRecall: share(labels.reduce(0) { $0 + $1.foundByFirst }),
            challengerRecall: share(labels.reduce(0) { $0 + $1.foundBySecond }),
            fallP: McNemarTest(onlyFirst: lost, onlySecond: gained).firstIsBetterP, state: .kept)
    }
}
