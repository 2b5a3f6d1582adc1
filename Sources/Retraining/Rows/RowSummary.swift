import Training

/// What became of the rows of a retraining.
public struct RowSummary: Sendable, Equatable {
    /// Rows read.
    public var read = 0
    /// Rows whose text occurs again with the labels that count.
    public var duplicates = 0
    /// Texts whose rows have different labels: one of them counts.
    public var contradictory = 0
    /// Rows without text.
    public var empty = 0
    /// Rows without label, not even an empty set.
    public var withoutLabel = 0
    /// Rows without time, by which rows are ordered.
    public var withoutTime = 0
    /// Rows whose labels are no text and no list of texts.
    public var wrongType = 0
    /// Rows with a set of labels although the task gives one label per text, or the other way round.
    public var otherKind = 0
    /// Rows per label that the task does not have; a row of a multi-label task counts once per such label.
    public var unknownLabels: [String: Int] = [:]
    /// Rows with such a label, each counted once.
    public var withUnknownLabels = 0
    /// Those of them whose label is almost one of the task, by how they differ.
    public var nearMisses: [LabelMatcher.NearMiss.Difference: Int] = [:]
    /// Rows with a label that the task has given up.
    public var withRetiredLabels = 0
    /// Rows that cannot be used and need not be: a newer row of the same text can.
    public var corrected = 0
    /// Rows of annotators whose trust is 0.
    public var distrusted = 0
    /// Texts to train on that only a machine has labelled.
    public var drafts = 0
    /// Rows to train on.
    public var training = 0
    /// Rows held out.
    public var heldOut = 0
    /// Those of them that are held out as the newest ones.
    public var newest = 0
    /// Rows that would be held out, but that the champion was trained on. They are not used.
    public var seen = 0
    /// The usable rows of each label of the task, in the task's order. A label without rows is there too.
    public var perLabel: [LabelRows] = []

    /// No rows.
    public init() {}

    /// The usable rows of one label.
    public struct LabelRows: Sendable, Equatable {
        /// The label.
        public var label: String
        /// Rows to train on.
        public var training: Int
        /// Rows held out.
        public var heldOut: Int

        /// Counts of a label.
        public init(label: String, training: Int, heldOut: Int) {
            (self.label, self.training, self.heldOut) = (label, training, heldOut)
        }
    }

    /// Rows that were used.
    public var used: Int { training + heldOut }

    /// Rows that should have been usable and were not.
    public var unusable: Int { unusableKinds.values.reduce(0, +) }

    /// Rows that should have been usable and were not, by the reason; every kind is there.
    public var unusableKinds: [UnusableRowKind: Int] {
        [
            .letterCase: nearMisses[.letterCase, default: 0], .accent: nearMisses[.accent, default: 0],
            .letter: nearMisses[.letter, default: 0], .unknown: withUnknownLabels - nearMisses.values.reduce(0, +),
            .withoutText: empty, .withoutLabel: withoutLabel, .withoutTime: withoutTime, .wrongType: wrongType,
            .otherKind: otherKind,
        ]
    }

    mutating func count(_ defect: LabelledRow.Defect, rows: Int) {
        switch defect {
        case .withoutText: empty += rows
        case .withoutLabel: withoutLabel += rows
        case .withoutTime: withoutTime += rows
        case .wrongType: wrongType += rows
        }
    }

    /// Counts rows with labels that the task does not have.
    ///
    /// - Parameter difference: of one of them to a label of the task; nil if none is near.
    mutating func countUnknown(_ labels: Set<String>, _ difference: LabelMatcher.NearMiss.Difference?, rows: Int) {
        withUnknownLabels += rows
        for label in labels { unknownLabels[label, default: 0] += rows }
        if let difference { nearMisses[difference, default: 0] += rows }
    }

    mutating func count(labels: [String], training: [LabelledText], heldOut: [LabelledText]) {
        func counts(_ rows: [LabelledText]) -> [String: Int] {
            var counts: [String: Int] = [:]
            for label in rows.lazy.flatMap(\.labels) { counts[label, default: 0] += 1 }
            return counts
        }
        let (training, heldOut) = (counts(training), counts(heldOut))
        perLabel = labels.map {
            LabelRows(label: $0, training: training[$0, default: 0], heldOut: heldOut[$0, default: 0])
        }
    }
}

/// Why a row that should be usable is not.
public enum UnusableRowKind: String, Sendable, CaseIterable {
    /// Its label differs from one of the task in case alone.
    case letterCase = "case"
    /// In accents.
    case accent
    /// In one letter.
    case letter
    /// Its label is like none of the task.
    case unknown
    /// Its text is empty or null.
    case withoutText = "no_text"
    /// It has no label, not even an empty set.
    case withoutLabel = "no_label"
    /// It has no time, by which rows are ordered.
    case withoutTime = "no_time"
    /// Its labels are no text and no list of texts.
    case wrongType = "wrong_type"
    /// It has a set of labels although the task gives one label per text, or the other way round.
    case otherKind = "other_kind"
}
