import Training

/// The tiles and sections of an evaluation, shared by the pages of a training and of an evaluation.
struct EvaluationSections {
    let evaluation: Evaluation
    let rows: Int
    /// What the rows are called, such as "validation rows".
    let rowsName: String

    /// Accuracy and averaged F1.
    var tiles: [ReportPage.Tile] {
        let micro = ReportPage.Tile(
            name: "micro-F1", value: Figure.percent(evaluation.microF1), note: "over all labels together")
        return [
            ReportPage.Tile(
                name: Self.accuracyName(isMultiLabel: evaluation.isMultiLabel),
                value: Figure.percent(evaluation.accuracy), note: "on \(rows) \(rowsName)"),
            ReportPage.Tile(
                name: "macro-F1", value: Figure.percent(evaluation.macroF1), note: "mean of the F1 per label"),
        ] + (evaluation.isMultiLabel ? [micro] : [])
    }

    var sections: [ReportPage.Section] {
        var sections = [
            ReportPage.Section(
                title: "Metrics per label",
                note: """
                    Sorted by F1, the lowest first. Precision: of the rows predicted as this label, the share that has \
                    it. Recall: of the rows that have it, the share predicted as it. F1: the harmonic mean of both. \
                    Support: the rows that have the label.
                    """,
                content: LabelTable(figures: evaluation.perLabel).markup)
        ]
        if !evaluation.confusedLabels.isEmpty {
            sections.append(
                ReportPage.Section(
                    title: "Confusion matrix",
                    note:
                        "One row per true label, one column per predicted label. The diagonal counts what is correct.",
                    content: ConfusionMatrixChart(evaluation: evaluation).markup))
        }
        return sections
    }

    /// What the share of rows whose labels are all correct is called.
    static func accuracyName(isMultiLabel: Bool) -> String { isMultiLabel ? "exact match" : "accuracy" }
}
