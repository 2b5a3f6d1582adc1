/// Rows prepared for a training: training rows with one row per text, and validation rows.
public struct PreparedRows: Sendable {
    /// More labels than this are not a task but the wrong column.
    public static let maximumLabels = 10_000

    /// The rows to train on.
    public private(set) var training: [LabelledText] = []
    /// The given validation rows without those that have no text, or the rows that were split off; empty without
    /// validation.
    public private(set) var validation: [LabelledText] = []
    /// What was found in the rows.
    public private(set) var report: RowsReport

    /// Hands over the training rows, so that the texts can be freed after tokenization; the labels stay.
    public mutating func takeTraining() -> [LabelledText] {
        let rows = training
        training = rows.map { LabelledText(text: "", labels: $0.labels) }
        return rows
    }

    /// Prepares rows.
    ///
    /// - Parameters:
    ///   - training: the rows to train on.
    ///   - validation: nil: a part of the training rows is split off.
    ///   - rule: for training texts whose rows have different labels.
    ///   - holdOut: how the part is split off; a percentage of 0 splits nothing off.
    ///   - known: labels that the task already has. With them, one label is enough.
    /// - Throws: if there is nothing to train on.
    public init(
        training: RowCollection, validation: RowCollection?, conflicts rule: ConflictRule = .newest,
        holdOut: HoldOut = HoldOut(),
        known: [String] = []
    ) throws(DatasetError) {
        let isMultiLabel = training.options.isMultiLabel
        try training.checkPlausible(known: known)
        report = RowsReport(isMultiLabel: isMultiLabel, conflictRule: rule, training: RowsReport.Side(training))
        let folding = RowFolding(training.rows, conflicts: rule)
        report.training.count(folding)
        guard !folding.rows.isEmpty else { throw .noRows(file: training.name) }
        try Self.checkLabels(folding.rows.map(\.row), of: training, known: known)
        if let validation {
            self.training = folding.rows.map(\.row)
            try validation.checkPlausible(known: folding.rows.flatMap(\.row.labels) + known)
            try take(validation, trainedOn: Set(folding.rows.map(\.normalized)))
        } else {
            split(folding.rows, holdOut)
        }
        report.training.use(self.training)
        report.labelsWithOneRow = report.training.labels.filter { $0.rows == 1 }.map(\.label)
        let trained = Set(report.training.labels.map(\.label)).union(known)
        let validationLabels = (report.validation?.labels ?? []).map(\.label)
        report.validationOnlyLabels = validationLabels.filter { !trained.contains($0) }
        report.training.alikeLabels = RowsReport.alike(trained.union(validationLabels))
    }

    private static func checkLabels(_ rows: [LabelledText], of source: RowCollection, known: [String])
        throws(DatasetError)
    {
        let labels = Set(rows.flatMap(\.labels))
        guard labels.count <= maximumLabels else {
            throw .tooManyLabels(file: source.name, count: labels.count, limit: maximumLabels)
        }
        guard let one = labels.first else { throw .noLabels(file: source.name) }
        if !source.options.isMultiLabel, labels.union(known).count == 1 {
            throw .oneLabel(file: source.name, label: one)
        }
    }

    private mutating func take(_ given: RowCollection, trainedOn texts: Set<NormalizedText>) throws(DatasetError) {
        let (rows, side) = try RowsReport.figures(given)
        validation = rows
        report.trainingTextsInValidation = rows.count { texts.contains(NormalizedText($0.text)) }
        report.validation = side
    }

    private mutating func split(_ rows: [RowFolding.Row], _ holdOut: HoldOut) {
        guard holdOut.percentage > 0 else {
            training = rows.map(\.row)
            return
        }
        let isHeld = holdOut.split(rows.map { ($0.normalized, $0.row.labels) })
        for (row, isHeld) in zip(rows, isHeld) {
            if isHeld { validation.append(row.row) } else { training.append(row.row) }
        }
        report.splitPercentage = holdOut.percentage
        var side = RowsReport.Side()
        side.use(validation)
        report.validation = side
    }
}
