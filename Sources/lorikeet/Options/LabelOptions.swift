import ArgumentParser
import BERT
import Training

/// `--labels`: names for the labels of an adapter whose folder has none.
struct LabelOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Names of the labels in the order of the head's rows, where the adapter's folder, as PEFT's, has none.",
            valueName: "label"))
    var labels: [String] = []

    var names: LabelNames { LabelNames(source: "--labels", labels: labels) }

    /// A line for rows whose labels an adapter does not know because nobody named its own; nil if that is not so.
    static func hint(_ adapters: [Adapter], _ rows: RowsReport.Side) -> String? {
        guard !rows.unknownLabels.isEmpty, adapters.contains(where: \.hasPlaceholderLabels) else { return nil }
        return "the adapter's folder names no labels: --labels names them, in the order of the head's rows"
    }
}
