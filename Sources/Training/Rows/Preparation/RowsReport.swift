/// What was found in the rows of a training, and what became of it. Everything that is changed or left out is counted
/// here.
public struct RowsReport: Sendable, Codable, Equatable {
    /// The number of rows of one label.
    public struct LabelCount: Sendable, Codable, Equatable {
        /// The label.
        public var label: String
        /// Rows with the label.
        public var rows: Int
    }

    /// The training rows, or the validation rows.
    public struct Side: Sendable, Codable, Equatable {
        /// Files, `standard input` or `query`; empty for validation rows that were split off.
        public var sources: [String] = []
        /// Readable rows.
        public var read = 0
        /// Unreadable rows, skipped by request.
        public var badRows = 0
        /// The first few of them.
        public var firstBadRows: [BadRow] = []
        /// Rows without text, left out.
        public var emptyTexts = 0
        /// Rows with blanks around a label.
        public var trimmedLabels = 0
        /// Rows with a label that was not in Unicode's normal form C.
        public var normalizedLabels = 0
        /// Rows of a multi-label task with an empty label, which was left out.
        public var emptyLabels = 0
        /// Rows with a text that is not in normal form C; texts are left as they are.
        public var unnormalizedTexts = 0
        /// Rows with half of a surrogate pair in their JSON, read as U+FFFD.
        public var replacedSurrogates = 0
        /// Rows of a text that occurred before, with the same labels: left out of training, kept in validation.
        public var duplicates = 0
        /// Texts whose rows have different labels.
        public var conflicts = 0
        /// Rows left out because of that.
        public var conflictingRows = 0
        /// Rows used.
        public var rows = 0
        /// Rows among them without a label, in a multi-label task.
        public var unlabelled = 0
        /// Labels of the rows used, sorted.
        public var labels: [LabelCount] = []
        /// Labels among them that the evaluated adapter does not have.
        public var unknownLabels: [String] = []
        /// Groups of labels that differ only in case or blanks, with those of the task and of the validation rows.
        public var alikeLabels: [[String]] = []

        /// The counts before anything is left out.
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

    /// Whether texts have sets of labels.
    public var isMultiLabel: Bool
    /// How conflicting labels of a text were resolved.
    public var conflictRule: ConflictRule
    /// The training rows.
    public var training: Side
    /// The validation rows; nil without.
    public var validation: Side?
    /// Texts per hundred that were split off for validation; nil if validation rows were given, or none are required.
    public var splitPercentage: Int?
    /// Labels with only one training row.
    public var labelsWithOneRow: [String] = []
    /// Labels that only validation rows have, so that they are never predicted.
    public var validationOnlyLabels: [String] = []
    /// Validation rows whose text is also a training row, which makes the metrics too good.
    public var trainingTextsInValidation = 0
}

extension RowsReport {
    /// The report as lines for people: first the counts, then one line per finding.
    public var lines: [String] {
        var lines = [summary]
        lines += Self.findings(training, of: "training", rule: conflictRule)
        if splitPercentage == nil, let validation { lines += Self.findings(validation, of: "validation", rule: nil) }
        if !labelsWithOneRow.isEmpty {
            lines.append("labels with one training row: " + Self.list(labelsWithOneRow))
        }
        if !validationOnlyLabels.isEmpty {
            lines.append(
                "labels that only validation rows have, so they are never predicted: "
                    + Self.list(validationOnlyLabels))
        }
        if trainingTextsInValidation > 0 {
            lines.append(
                "warning: \(Self.rows(trainingTextsInValidation)) have a text that is also trained on; "
                    + "the metrics look better than they are")
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
            "skipped because unreadable, such as " + list(side.firstBadRows.prefix(3).map(\.description)))
        note(side.emptyTexts, "without text, left out")
        note(side.trimmedLabels, "with blanks around a label, trimmed")
        note(side.normalizedLabels, "with a label that was not in Unicode's normal form C, normalized")
        note(side.emptyLabels, "with an empty label, which was left out")
        note(side.unnormalizedTexts, "with a text that is not in Unicode's normal form C, left as it is")
        note(side.replacedSurrogates, "with half of a surrogate pair in JSON, read as U+FFFD")
        note(
            side.duplicates,
            rule == nil ? "with a text that occurred before" : "with a text that occurred before, left out")
        if side.conflicts > 0 {
            let texts = "\(side.conflicts) text\(side.conflicts == 1 ? "" : "s")"
            if let rule {
                lines.append(
                    "\(name): \(texts) with different labels, resolved by \(rule.rawValue); "
                        + "\(rows(side.conflictingRows)) left out"
                )
            } else {
                lines.append("\(name): \(texts) with different labels, of which one must be wrong")
            }
        }
        if !side.alikeLabels.isEmpty {
            let groups = side.alikeLabels.map { $0.map { "\"\($0)\"" }.joined(separator: " and ") }
            let what = "labels that differ only in case or blanks, but are different labels"
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
    /// The findings in rows to evaluate on, as lines for people.
    public func lines(of name: String) -> [String] {
        var lines = RowsReport.findings(self, of: name, rule: nil)
        if !unknownLabels.isEmpty {
            lines.append(
                "\(name): labels that the adapter does not have, so it never predicts them: "
                    + RowsReport.list(unknownLabels))
        }
        return lines
    }
}
