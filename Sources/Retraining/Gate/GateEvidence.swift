/// Held-out rows with what both adapters predict for them.
public struct HeldOutSet: Sendable, Equatable {
    /// How its rows were chosen.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// By a hash of the text.
        case hash
        /// The newest rows.
        case newest
    }

    /// How its rows were chosen.
    public var kind: Kind
    /// The true labels of each row: one, or a set.
    public var truth: [[String]]
    /// The champion's labels of each row; nil where no champion can be evaluated over this base.
    public var champion: [[String]]?
    /// The challenger's labels of each row.
    public var challenger: [[String]]

    /// A set. All lists are in the order of the rows.
    public init(kind: Kind, truth: [[String]], champion: [[String]]?, challenger: [[String]]) {
        self.kind = kind
        self.truth = truth
        self.champion = champion
        self.challenger = challenger
    }
}

/// What ``PromotionGate`` decides by.
public struct GateEvidence: Sendable {
    /// Rows of a label that have another spelling, so that they are unusable.
    public struct Misspelling: Sendable, Equatable {
        /// The spelling of these rows.
        public var spelling: String
        /// The label of the task that it is near to.
        public var label: String
        /// Rows of this spelling.
        public var rows: Int
        /// Usable rows of the label.
        public var usable: Int

        /// Rows of a spelling, and of the label that was probably meant.
        public init(spelling: String, label: String, rows: Int, usable: Int) {
            (self.spelling, self.label, self.rows, self.usable) = (spelling, label, rows, usable)
        }
    }

    /// The held-out sets. No row is in two of them, and a set keeps its rows from look to look: new ones are added.
    public var sets: [HeldOutSet]
    /// How many times this challenger has been judged, this time included.
    public var look = 1
    /// What became of all rows.
    public var rows: RowSummary
    /// Spellings near to a label of the task, by which that label loses rows.
    public var misspellings: [Misspelling] = []
    /// The labels of the live version, over whichever base, as the task calls them now; empty if nothing is live.
    public var championLabels: [String]
    /// The labels of the task.
    public var taskLabels: [String]
    /// Whether the champion's own labels are not those of the task, be it by name only.
    public var hasChangedLabels: Bool
    /// The most frequent label among the rows to train on: what a first adapter is compared with.
    public var mostFrequentLabel: String
    /// Whether it is unknown which rows the champion or the challenger was trained on.
    public var hasUnknownTrainingRows = false

    /// Evidence of a first look.
    public init(
        sets: [HeldOutSet], rows: RowSummary, championLabels: [String], taskLabels: [String], mostFrequentLabel: String
    ) {
        self.sets = sets
        self.rows = rows
        self.championLabels = championLabels
        self.taskLabels = taskLabels
        self.mostFrequentLabel = mostFrequentLabel
        hasChangedLabels = Set(championLabels) != Set(taskLabels)
    }

    /// Whether nothing is live.
    public var isFirst: Bool { championLabels.isEmpty }
}
