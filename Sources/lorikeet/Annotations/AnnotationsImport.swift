import ArgumentParser
import JSON
import Operations
import Reports
import Retraining
import Training

/// `lorikeet annotations import`.
struct AnnotationsImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Add the answers of annotators to lorikeet.annotations.",
        discussion: """
            Reads the formats of annotations queue with their labels filled in, and the
            exports of Label Studio (JSON, JSON-MIN, CSV) and doccano (JSONL, CSV). Texts
            without an answer are counted. All answers are added, or none. --skip-bad-rows
            also leaves out answers with a label that the task does not have.
            --label-column may name a control of Label Studio.

            An answer that is imported again is not added again. If the file has times, the
            same annotator, time, text and labels make the same answer. Without times, it
            is the same if it is the annotator's newest answer for the text.

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

    @OptionGroup var columns: RowColumnOptions

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard !annotator.allSatisfy(\.isWhitespace) else { throw ValidationError("--annotator must not be empty") }
    }

    func run() async throws {
        let report = try await AnnotationImportOperation.run(
            AnnotationImportOperation.Request(
                input: input, format: format, annotator: annotator, source: source,
                // The file says which format it has, and the task whether rows have sets of labels.
                rowOptions: columns.options(format: .tsv, isMultiLabel: false)),
            scope: try scopeOptions.scope())
        for (label, rows) in report.unknownLabels.sorted(by: { $0.key < $1.key }).prefix(20) {
            StandardError.write("skipped \(rows) with the label \"\(label)\", which the task does not have")
        }
        if output.json { return try StandardOutput.shared.line(JSONValue.encoded(report)) }
        try StandardOutput.shared.line(
            Quantity.text(report.answers, "answer") + ": \(report.added) added, \(report.known) there already; "
                + Quantity.text(report.unanswered, "text") + " without an answer, "
                + Quantity.text(report.badRows, "bad row"))
    }
}

extension AnnotationFile.Format: ExpressibleByArgument {}
