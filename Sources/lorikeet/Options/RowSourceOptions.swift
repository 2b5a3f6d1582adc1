import ArgumentParser
import Training

/// How labelled rows are read: shared by `train`, `evaluate` and `compare`.
struct RowFormatOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Format of standard input and of files of other endings: tsv, csv, jsonl or json.", valueName: "format"))
    var format = RowFormat.tsv

    @Option(
        help: ArgumentHelp(
            "The column, or member of JSON objects, that holds the texts: its name, or its number from 1.",
            valueName: "name"))
    var textColumn: String?

    @Option(help: ArgumentHelp("The column, or member of JSON objects, that holds the labels.", valueName: "name"))
    var labelColumn: String?

    @Option(
        help: ArgumentHelp(
            "What stands between the labels of a text in TSV and CSV, for a multi-label task.", valueName: "text"))
    var labelSeparator = "|"

    @Flag(help: "Count rows that cannot be read and go on, in place of ending.")
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

/// Where a training's rows come from, and what becomes of them.
struct RowSourceOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Rows to train on: .tsv (label<TAB>text), .csv, .jsonl or .json, several if need be; -: standard input.",
            valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var train: [String] = []

    @Option(help: ArgumentHelp("Rows to learn from, by SQL: columns text and label, or labels.", valueName: "sql"))
    var query: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Rows to measure each epoch on; never learnt from. Default: a part split off.", valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var validation: [String] = []

    @Option(help: ArgumentHelp("Rows to measure each epoch on, by SQL.", valueName: "sql"))
    var validationQuery: String?

    @Option(
        help: ArgumentHelp(
            "Texts of a hundred that are split off where no validation rows are given; 0: none.", valueName: "n"))
    var holdOut = 20

    @Option(
        help: ArgumentHelp(
            "What counts for a text with different labels: newest, majority, or drop.", valueName: "rule"))
    var conflicts = ConflictRule.newest

    @Flag(help: "A text has a set of labels, each of which holds or not.")
    var multiLabel = false

    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var databaseOptions: DatabaseOptions

    func validate() throws {
        guard !train.isEmpty || query != nil else {
            throw ValidationError("--train or --query must say where the rows are")
        }
        guard (0...90).contains(holdOut) else { throw ValidationError("--hold-out must be from 0 to 90") }
        guard (train + validation).count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("standard input can be read once")
        }
    }

    /// The rows, made ready.
    /// - Parameter known: labels of an adapter to go on from.
    func rows(known: [String]) throws -> PreparedRows {
        let options = formatOptions.options(isMultiLabel: multiLabel)
        var validationRows: RowCollection?
        if !validation.isEmpty || validationQuery != nil {
            validationRows = try collect(validation, query: validationQuery, options)
        }
        return try PreparedRows(
            training: try collect(train, query: query, options), validation: validationRows, conflicts: conflicts,
            holdOut: HoldOut(percentage: holdOut), known: known)
    }

    private func collect(_ files: [String], query: String?, _ options: RowOptions) throws -> RowCollection {
        var rows = try LabelledFile.collect(paths: files, options: options)
        if let query { try RowQuery(sql: query, database: databaseOptions.connectionString()).read(into: &rows) }
        return rows
    }
}

extension RowFormat: ExpressibleByArgument {}
extension ConflictRule: ExpressibleByArgument {}
