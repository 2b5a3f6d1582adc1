import Foundation
import Training

/// What an adapter said of labelled rows, in sections of a report: shared by training and evaluation.
struct AnswerSections {
    let evaluation: Evaluation
    let rows: Int
    /// What the rows are called, such as "validation rows".
    let rowsName: String

    /// Accuracy, macro-F1 and how many rows they are of.
    var tiles: [ReportPage.Tile] {
        let micro = ReportPage.Tile(
            name: "micro-F1", value: Figure.percent(evaluation.microF1), note: "all labels together")
        return [
            ReportPage.Tile(
                name: Self.accuracyName(isMultiLabel: evaluation.isMultiLabel),
                value: Figure.percent(evaluation.accuracy),
                note: "of \(rows) \(rowsName)"),
            ReportPage.Tile(name: "macro-F1", value: Figure.percent(evaluation.macroF1), note: "mean over the labels"),
        ] + (evaluation.isMultiLabel ? [micro] : [])
    }

    var sections: [ReportPage.Section] {
        var sections = [
            ReportPage.Section(
                title: "Labels",
                note:
                    "The weakest first. Precision: of the rows given this label, the share that has it. Recall: of the rows that "
                    + "have it, the share that was given it. F1: their harmonic mean.",
                content: LabelTable(figures: evaluation.perLabel).markup)
        ]
        if !evaluation.confusedLabels.isEmpty {
            sections.append(
                ReportPage.Section(
                    title: "Confusion", note: "A line a true label, a column a predicted one; the diagonal is right.",
                    content: ConfusionDrawing(evaluation: evaluation).markup))
        }
        return sections
    }

    /// What the share of rows answered right is called.
    static func accuracyName(isMultiLabel: Bool) -> String { isMultiLabel ? "exact sets" : "accuracy" }
}
