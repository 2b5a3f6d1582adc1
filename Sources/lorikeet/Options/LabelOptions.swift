import ArgumentParser
import BERT

/// `--labels`: names for the labels of an adapter whose folder names none.
struct LabelOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Label names in the order of the head's rows, for an adapter folder without them, such as PEFT writes.",
            valueName: "label"))
    var labels: [String] = []

    var names: LabelNames { LabelNames(source: "--labels", labels: labels) }
}
