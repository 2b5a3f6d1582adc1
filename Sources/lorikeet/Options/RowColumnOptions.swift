import ArgumentParser
import Operations
import Training

/// Which columns are read and what happens to bad rows, whatever option names the format.
struct RowColumnOptions: ParsableArguments {
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

    func options(format: RowFormat, isMultiLabel: Bool) -> RowOptions {
        var options = RowOptions()
        options.format = format
        options.isMultiLabel = isMultiLabel
        options.separator = labelSeparator
        options.skipsBadRows = skipBadRows
        (options.textColumn, options.labelColumn) = (textColumn, labelColumn)
        return options
    }
}
