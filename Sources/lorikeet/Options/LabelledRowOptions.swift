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

    @Option(
        help: ArgumentHelp(
            "Column or JSON member that holds the texts, by name or by number from 1.", valueName: "name"))
    var textColumn: String?

    @Option(
        help: ArgumentHelp(
            "Column or JSON member that holds the labels, by name or by number from 1.", valueName: "name"))
    var labelColumn: String?

    @Option(
        help: ArgumentHelp(
            "Separator between the labels of a row in TSV and CSV, for multi-label tasks.", valueName: "text"))
    var labelSeparator = "|"

    @Flag(help: "Skip and count rows that cannot be read. Default: fail at the first one.")
    var skipBadRows = false

    func validate() throws {
        guard !labelSeparator.isEmpty else { throw ValidationError("--label-separator must not be empty") }
    }

    func options(isMultiLabel: Bool) -> RowOptions {
        var options = RowOptions()
        options.format = format
        options.isMultiLabel = isMultiLabel
        options.separator = labelSeparator
        options.skipsBadRows = skipBadRows
        (options.textColumn, options.labelColumn) = (textColumn, labelColumn)
        return options
    }
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

/// Where the rows of a training come from.
struct TrainingInputOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Training rows, one file or several: .tsv (label<TAB>text), .csv, .jsonl or .json; -: standard input.",
            valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var train: [String] = []

    @Option(
        help: ArgumentHelp(
            "SQL query that returns training rows, with the columns text and label or labels.", valueName: "sql"))
    var query: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Validation rows. They choose the best epoch and are not trained on. Default: see --hold-out.",
            valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var validation: [String] = []

    @Option(help: ArgumentHelp("SQL query that returns validation rows, with the same columns.", valueName: "sql"))
    var validationQuery: String?

    @Option(
        help: ArgumentHelp(
            "Percentage of the texts to hold out as validation rows, if you name no validation rows; 0 for none.",
            valueName: "n"))
    var holdOut = 20

    @Option(
        help: ArgumentHelp(
            "What to do with a text whose rows have different labels: take the newest, take the majority, or drop it.",
            valueName: "rule"))
    var conflicts = ConflictRule.newest

    @Flag(help: "Train a multi-label task: each text has a set of labels, which may be empty.")
    var multiLabel = false

    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var databaseOptions: DatabaseOptions

    func validate() throws {
        guard !train.isEmpty || query != nil else {
            throw ValidationError("there are no training rows: give --train FILE or --query SQL")
        }
        guard (0...90).contains(holdOut) else { throw ValidationError("--hold-out must be from 0 to 90") }
        guard (train + validation).count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("standard input (-) can be read only once")
        }
    }

    var input: TrainingInput {
        TrainingInput(
            training: train, trainingQuery: query, validation: validation, validationQuery: validationQuery,
            holdOut: holdOut, conflicts: conflicts, options: formatOptions.options(isMultiLabel: multiLabel),
            database: databaseOptions.source)
    }
}

extension RowFormat: ExpressibleByArgument {}
extension ConflictRule: ExpressibleByArgument {}
