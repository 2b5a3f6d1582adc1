import ArgumentParser
import Operations
import Training

/// How labelled rows are read: shared by `train`, `evaluate`, `compare` and `adapters import`.
struct RowFormatOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Format of standard input, and of files that do not end in .tsv, .csv, .jsonl or .json.",
            valueName: "format"))
    var format = RowFormat.tsv

    @OptionGroup var columns: RowColumnOptions

    func options(isMultiLabel: Bool) -> RowOptions { columns.options(format: format, isMultiLabel: isMultiLabel) }
}

/// `--input` of `evaluate` and `compare`.
struct LabelledInputOption: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Labelled rows, one file or several: .tsv (label<TAB>text), .csv, .jsonl or .json; "
                + "-: standard input.", valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var input: [String] = ["-"]
}

extension RowFormat: ExpressibleByArgument {}
extension ConflictRule: ExpressibleByArgument {}
