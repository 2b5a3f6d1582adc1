import BERT
import Training

/// Labelled rows to evaluate adapters on, and what was found in them.
public struct EvaluationInput: Sendable {
    /// The rows that have a text.
    public let rows: [LabelledText]
    /// What was found in the files.
    public let side: RowsReport.Side
    private let lacksLabelNames: Bool

    /// Reads the files, `-` being standard input.
    ///
    /// - Parameter adapters: those to be evaluated; labels that one of them does not know are reported.
    init(paths: [String], options: RowOptions, adapters: [Adapter]) throws {
        let known = adapters.dropFirst().reduce(Set(adapters.first?.labels ?? [])) { $0.intersection($1.labels) }
        (rows, side) = try RowsReport.measured(try LabelledFile.collect(paths: paths, options: options), known: known)
        lacksLabelNames = !side.unknownLabels.isEmpty && adapters.contains(where: \.hasPlaceholderLabels)
    }

    /// What was found in the rows, one line per finding.
    public var findings: [String] { side.lines(of: "input") }

    /// How to name the labels of an adapter whose folder names none, if it does not know those of the rows; else nil.
    public var hint: String? {
        lacksLabelNames
            ? "the adapter folder has no label names: give them with --labels, in the order of the head's rows" : nil
    }
}
