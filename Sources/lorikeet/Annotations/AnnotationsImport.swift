import ArgumentParser
import JSON
import Operations
import Reports
import Training

/// `lorikeet annotations import`.
struct AnnotationsImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Add the answers of annotators to lorikeet.annotations.",
        discussion: """
            Reads the formats of annotations queue with their labels filled in, and the
            exports of Label Studio (JSON, JSON-MIN, CSV) and doccano (JSONL, CSV). Texts
            without an answer are counted. All answers are added, or none.

            An answer that is imported again is not added again. If the file has times, the
            same annotator, time, text and labels make the same answer. Without times, it is
            the same if it is the annotator's newest answer for the text.

            The role of the daemon may not insert annotations: use --database with a role
            that may.

            EXAMPLES
              lorikeet annotations import section --pipeline pipelines/packages.yaml \\
                  --input export.json --annotator kim
              lorikeet annotations import section --pipeline pipelines/packages.yaml \\
                  --input texts.csv --annotator kim --skip-bad-rows
            """)

    @OptionGroup var scopeOptions: AnnotationScopeOptions

    @Option(
        help: ArgumentHelp("The file with the answers; -: standard input.", valueName: "file"),
        completion: .file(extensions: ["json", "jsonl", "csv", "tsv"]))
    var input: String

    @Option(help: ArgumentHelp("Who answered, where the file has no name or address.", valueName: "name"))
    var annotator: String

    @Option(help: "Format: auto, jsonl, csv, label-studio or doccano.")
    var format = AnnotationFile.Format.auto

    @Option(help: ArgumentHelp("What the column source says.", valueName: "name"))
    var source = "annotations import"

    @Option(help: ArgumentHelp("Column or JSON member of the texts, by name.", valueName: "name"))
    var textColumn: String?

    @Option(
        help: ArgumentHelp("Column, JSON member or Label Studio control of the labels, by name.", valueName: "name"))
    var labelColumn: String?

    @Option(
        help: ArgumentHelp("Separator between the labels of a row in CSV, for multi-label tasks.", valueName: "text"))
    var labelSeparator = "|"

    @Flag(help: "Leave out rows that cannot be read or have an unknown label. Default: the first one is an error.")
    var skipBadRows = false

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard !labelSeparator.isEmpty else { throw ValidationError("--label-separator must not be empty") }
        guard !annotator.allSatisfy(\.isWhitespace) else { throw ValidationError("--annotator must not be empty") }
    }

    func run() async throws {
        var options = RowOptions()
        (options.separator, options.skipsBadRows) = (labelSeparator, skipBadRows)
        (options.textColumn, options.labelColumn) = (textColumn, labelColumn)
        let report = try await AnnotationImportOperation.run(
            AnnotationImportOperation.Request(
                input: input, format: format, annotator: annotator, source: source, rowOptions: options),
            scope: try scopeOptions.scope())
        for (label, rows) in report.unknownLabels.sorted(by: { $0.key < $1.key }).prefix(20) {
            StandardError.write("skipped \(rows) with the label \"\(label)\", which the task does not have")
        }
        if output.json { return try StandardOutput.shared.line(JSONValue.encoded(report)) }
        try StandardOutput.shared.line(
            "\(report.answers) answers: \(report.added) added, \(report.known) there already; "
                + "\(report.unanswered) texts without an answer, \(report.badRows) bad rows")
    }
}

extension AnnotationFile.Format: ExpressibleByArgument {}
