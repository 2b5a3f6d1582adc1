import ArgumentParser
import Foundation
import JSON
import Lab
import Reports

/// `lorikeet benchmark delivery`: from a topic to committed rows.
struct BenchmarkDelivery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery",
        abstract: "Measure the serving path: from a topic to committed rows.",
        discussion: """
            Daemons run as processes of their own over a private PostgreSQL (WAL and fsync
            on) and librdkafka's embedded broker. Commands that are compared run in turn;
            medians, in brackets the smallest and the largest. When a row was committed is
            what PostgreSQL itself notes (track_commit_timestamp).

            EXAMPLES
              lorikeet benchmark delivery --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark delivery --base models/all-MiniLM-L6-v2 --input texts.tsv \\
                  --figure sink --figure latency --runs 3
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var input: InputOptions

    @Option(
        name: .customLong("figure"),
        help: ArgumentHelp(
            "Only this figure: \(DeliveryFigure.allCases.map(\.rawValue).joined(separator: ", ")); may be given several times.",
            valueName: "name"))
    var figures: [DeliveryFigure] = []

    @Option(help: ArgumentHelp("Runs of each figure that is a rate.", valueName: "n"))
    var runs = 5

    @Option(help: ArgumentHelp("How long latency and memory are watched.", valueName: "n"))
    var seconds = 60

    @Option(help: ArgumentHelp("Messages of a backlog.", valueName: "n"))
    var backlog = 1_000_000

    @Option(help: ArgumentHelp("Write the table as a page in Markdown, too.", valueName: "file"), completion: .file())
    var output: String?

    func validate() throws {
        guard runs >= 1 else { throw ValidationError("--runs must be at least 1") }
        guard seconds >= 5 else { throw ValidationError("--seconds must be at least 5") }
        guard backlog >= 1000 else { throw ValidationError("--backlog must be at least 1000") }
    }

    private func measure() async throws -> [DeliveryRow] {
        let texts = try input.texts(limit: nil)
        let bench = try await DeliveryBench.make(base: baseOptions.base, input: input.arguments, texts: texts)
        let measurement = DeliveryMeasurement(bench: bench, runs: runs, seconds: seconds, backlog: backlog)
        var rows: [DeliveryRow] = []
        do {
            for figure in DeliveryFigure.allCases where figures.isEmpty || figures.contains(figure) {
                let row = try await measurement.row(of: figure)
                StandardError.write("\(row.name): \(row.value)  \(row.details)")
                rows.append(row)
            }
        } catch {
            await bench.stop()
            throw error
        }
        await bench.stop()
        return rows
    }

    func run() async throws {
        let rows = try await Interruption.cancelling { [self] in try await measure() }
        var table = TextTable(.left("figure"), .right("measured"), .right("to reach"), .left("details"))
        for row in rows { table.add(row.name, row.value, row.goal, row.details) }
        try table.print()
        if let output {
            try DeliveryPage(rows: rows, runs: runs).text.write(toFile: output, atomically: true, encoding: .utf8)
        }
        try StandardOutput.shared.line(JSONValue.object(rows.map { ($0.figure.rawValue, .number($0.number)) }).text)
    }
}

extension DeliveryFigure: ExpressibleByArgument {}
