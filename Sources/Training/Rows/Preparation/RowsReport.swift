/// What was found in the rows of a training, and what became of it: nothing is changed or left out that is not counted here.
public struct RowsReport: Sendable, Codable, Equatable {
    /// One label and its rows.
    public struct LabelCount: Sendable, Codable, Equatable {
        public var label: String
        public var rows: Int
    }

    /// The rows of one side.
    public struct Side: Sendable, Codable, Equatable {
        /// Files, `standard input` or `query`; empty for validation rows that were split off.
        public var sources: [String] = []
        /// Rows that could be read.
        public var read = 0
        /// Rows that could not, and were skipped because that was asked for.
        public var badRows = 0
        /// The first few of them.
        public var firstBadRows: [BadRow] = []
        /// Rows without text, left out.
        public var emptyTexts = 0
        /// Rows a label of which had blanks around it.
        public var trimmedLabels = 0
        /// Rows a label of which was not in Unicode's normal form C.
        public var normalizedLabels = 0
        /// Rows of a multi-label task among whose labels was an empty one, which was left out.
        public var emptyLabels = 0
        /// Rows whose text is not in normal form C; texts are left as they are.
        public var unnormalizedTexts = 0
        /// Rows in whose JSON half of a surrogate pair stood, read as U+FFFD.
        public var replacedSurrogates = 0
        /// Rows beyond the first of their text with the same labels: left out of training, measured on in validation.
        public var duplicates = 0
        /// Texts that were given different labels.
        public var conflicts = 0
        /// Rows left out because of that.
        public var conflictingRows = 0
        /// Rows used.
        public var rows = 0
        /// Of them, those of a multi-label task without any label.
        public var unlabelled = 0
        /// Labels of the rows used, sorted.
        public var labels: [LabelCount] = []
        /// Of them, those unknown to an adapter that is measured on the rows.
        public var unknownLabels: [String] = []
        /// Labels that differ only in letter case or blanks, together; those of the task and its validation rows count.
        public var alikeLabels: [[String]] = []

        /// What is known before anything is left out.
        init(_ collection: RowCollection) {
            sources = collection.sources
            read = collection.rows.count
            badRows = collection.badRows.count
            firstBadRows = Array(collection.badRows.prefix(10))
            trimmedLabels = collection.trimmedLabels
            normalizedLabels = collection.normalizedLabels
            emptyLabels = collection.emptyLabels
            unnormalizedTexts = collection.unnormalizedTexts
            replacedSurrogates = collection.replacedSurrogates
        }

        init() {}

        mutating func count(_ folding: RowFolding) {
            emptyTexts = folding.emptyTexts
            duplicates = folding.duplicates
            conflicts = folding.conflicts
            conflictingRows = folding.conflictingRows
        }

        mutating func use(_ rows: [LabelledText]) {
            self.rows = rows.count
            unlabelled = rows.count { $0.labels.isEmpty }
            var counts: [String: Int] = [:]
            for row in rows {
                for label in row.labels { counts[label, default: 0] += 1 }
            }
            labels = counts.sorted { $0.key < $1.key }.map { LabelCount(label: $0.key, rows: $0.value) }
        }
    }

    public var isMultiLabel: Bool
    /// How texts with different labels were settled.
    public var conflictRule: ConflictRule
    public var training: Side
    /// nil where nothing is validated on.
    public var validation: Side?
    /// The share of texts, in a hundred, that was split off for validation; nil where validation rows were given, or none wanted.
    public var splitPercentage: Int?
    /// Labels that one row to learn from has.
    public var labelsWithOneRow: [String] = []
    /// Labels that only validation rows have: they can never be predicted.
    public var validationOnlyLabels: [String] = []
    /// Validation rows whose text is learnt from too: they flatter the figures.
    public var trainingTextsInValidation = 0
}

extension RowsReport {
    /// The report in lines for people: first the counts, then each thing found.
    public var lines: [String] {
        var lines = [summary]
        lines += Self.findings(training, of: "training", rule: conflictRule)
        if splitPercentage == nil, let validation { lines += Self.findings(validation, of: "validation", rule: nil) }
        if !labelsWithOneRow.isEmpty {
            lines.append("labels with one row to learn from: " + Self.list(labelsWithOneRow))
        }
        if !validationOnlyLabels.isEmpty {
            lines.append(
                "labels that only validation rows have, never to be predicted: " + Self.list(validationOnlyLabels))
        }
        if trainingTextsInValidation > 0 {
            lines.append(
                "warning: \(Self.rows(trainingTextsInValidation)) of the validation rows have a text that is learnt from too; "
                    + "the figures are too good by that")
        }
        return lines
    }

    private var summary: String {
        var text =
            "\(Self.rows(training.rows)) with \(training.labels.count) label\(training.labels.count == 1 ? "" : "s")"
        if isMultiLabel { text += " (\(training.unlabelled) rows without any)" }
        guard let validation else { return text + ", no validation rows" }
        text += ", \(validation.rows) validation row\(validation.rows == 1 ? "" : "s")"
        return splitPercentage == nil ? text : text + " split off by a hash of the text"
    }

    fileprivate static func findings(_ side: Side, of name: String, rule: ConflictRule?) -> [String] {
        var lines: [String] = []
        func note(_ count: Int, _ what: String) {
            if count > 0 { lines.append("\(name): \(rows(count)) \(what)") }
        }
        note(
            side.badRows,
            "could not be read and were skipped, such as " + list(side.firstBadRows.prefix(3).map(\.description)))
        note(side.emptyTexts, "without text, left out")
        note(side.trimmedLabels, "with blanks around a label, cut off")
        note(side.normalizedLabels, "with a label that was not in Unicode's normal form C, and is now")
        note(side.emptyLabels, "with an empty label among its labels, left out of them")
        note(side.unnormalizedTexts, "with a text that is not in Unicode's normal form C, left as it is")
        note(side.replacedSurrogates, "with half of a surrogate pair in JSON, read as U+FFFD")
        note(side.duplicates, rule == nil ? "with a text that came before" : "with a text that came before, folded")
        if side.conflicts > 0 {
            let texts = "\(side.conflicts) text\(side.conflicts == 1 ? "" : "s")"
            if let rule {
                lines.append(
                    "\(name): \(texts) with different labels, settled by \(rule.rawValue); \(rows(side.conflictingRows)) left out"
                )
            } else {
                lines.append("\(name): \(texts) with different labels; one of them cannot be right")
            }
        }
        if !side.alikeLabels.isEmpty {
            let groups = side.alikeLabels.map { $0.map { "\"\($0)\"" }.joined(separator: " and ") }
            let what = "labels that differ only in letter case or blanks, each a label of its own"
            lines.append("\(name): \(what): " + list(groups))
        }
        return lines
    }

    private static func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }

    /// The first ten.
    fileprivate static func list(_ names: [String]) -> String {
        names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", … (\(names.count) in all)" : "")
    }
}

extension RowsReport.Side {
    /// What was found in rows to measure on, in lines for people.
    public func lines(of name: String) -> [String] {
        var lines = RowsReport.findings(self, of: name, rule: nil)
        if !unknownLabels.isEmpty {
            lines.append(
                "\(name): labels unknown to an adapter, which never predicts them: " + RowsReport.list(unknownLabels))
        }
        return lines
    }
}
