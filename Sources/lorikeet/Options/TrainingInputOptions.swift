import ArgumentParser
import Operations
import Training

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
