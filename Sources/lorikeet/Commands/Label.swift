import ArgumentParser
import JSON
import Logging
import Operations
import Reports
import Training

/// `lorikeet label`: rows of a file or a query, without Kafka.
struct Label: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Label the rows of a file or a query into the tables of a pipeline, without Kafka.",
        discussion: """
            For nightly batches. Each row takes the serving path of the pipeline, as a
            record would that is a JSON object of the row's columns: the pointers of the
            pipeline file find the text and the fields of routes. If they do not find the
            text, the column text is the text. The columns key and time are message key
            and time.

            The origin of a row is label:NAME, partition 0 and the row's number from 0.
            With its time it is the key of the row, so the same batch overwrites its rows:
            order the rows of a query. Rows without a time have that of --time, or of the
            file.

            EXAMPLES
              lorikeet label --pipeline pipelines/packages.yaml --input texts.csv
              lorikeet label --pipeline pipelines/packages.yaml --name backlog --query \\
                  'SELECT id AS key, sent AS time, body AS text FROM tickets ORDER BY id'
              zcat old.jsonl.gz | lorikeet label --pipeline pipelines/packages.yaml \\
                  --input - --format jsonl --name old --time 2025-12-31
            """)

    @Option(pipeline: "The pipeline file. It names base, tasks and database.")
    var pipeline: String

    @Option(
        help: ArgumentHelp(
            "SELECT that returns the rows. It runs in a read-only transaction that lasts as long as the batch.",
            valueName: "sql"))
    var query: String?

    @Option(
        help: ArgumentHelp(
            "The database of --query, a libpq connection string or URL. Default: sink.postgres of the pipeline file.",
            valueName: "url"))
    var database: String?

    @Option(
        help: ArgumentHelp(
            "Rows: .jsonl, or .csv and .tsv with a header; other files: one text per line; -: standard input.",
            valueName: "file"),
        completion: .file())
    var input: String?

    @Option(
        help: ArgumentHelp(
            "Format of standard input, and of files that do not end in .tsv, .csv or .jsonl. "
                + "Default: one text per line.", valueName: "format"))
    var format: RowFormat?

    @Option(
        help: ArgumentHelp(
            "Name of the batch, for the origin of its rows. Default: the name of the file.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Time of rows that have none: 2026-01-31, 2026-01-31T12:00:00Z, or 2h for two hours ago. "
                + "Default: when the file was last written.", valueName: "time"))
    var time: PointInTime?

    @Option(
        help: ArgumentHelp(
            "Column of the text, by name or by number from 1. Default: where the pipeline file says, else text.",
            valueName: "name"))
    var textColumn: String?

    @Option(help: ArgumentHelp("Column of the message key. Default: key.", valueName: "name"))
    var keyColumn: String?

    @Option(help: ArgumentHelp("Column of the time. Default: time.", valueName: "name"))
    var timeColumn: String?

    @OptionGroup var batch: BatchOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (query == nil) != (input == nil) else {
            throw ValidationError("name the rows: give --input FILE or --query SQL, and not both")
        }
        guard database == nil || query != nil else { throw ValidationError("--database needs --query") }
        if let input {
            guard textColumn == nil || format != nil || RowFormat.isKnown(ending: input) else {
                throw ValidationError("--text-column needs --format, unless the file ends in .tsv, .csv or .jsonl")
            }
        } else if format != nil {
            throw ValidationError("--format needs --input")
        }
    }

    private var request: LabelRequest {
        let rows: LabelRequest.Rows = input.map { .file($0, format: format) } ?? .query(query ?? "", database: database)
        var request = LabelRequest(
            file: pipeline, rows: rows, name: name, time: time?.milliseconds,
            columns: RowColumns(text: textColumn, key: keyColumn, time: timeColumn), rate: batch.rate,
            workers: batch.workerOptions.count)
        request.isBackground = true
        return request
    }

    func run() async throws {
        let report = try await batch.run("label", unit: "rows", json: output.json) { [request] progress in
            try await LabelOperation.run(
                request, logger: Logger(label: "lorikeet.label"), progress: { progress.show($0, of: nil) })
        }
        for note in report.notes { StandardError.write("note: \(note)") }
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else {
            try StandardOutput.shared.line(
                "\(report.rows) rows as \(report.topic): "
                    + BatchOptions.counts(labelled: report.labelled, rejected: report.rejected, dropped: report.dropped)
            )
        }
        BatchOptions.say(outbox: report.outbox, publisher: report.publisher)
        guard report.isComplete else {
            let reason = report.obstacle.map { " (\($0))" } ?? ""
            throw CommandFailure(
                .failed, "interrupted\(reason); run the same command again: it overwrites the rows that are there")
        }
    }
}
