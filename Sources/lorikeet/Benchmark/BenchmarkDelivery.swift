import ArgumentParser
import Files
import JSON
import Lab
import Operations
import Reports

/// `lorikeet benchmark delivery`: from a topic to committed rows.
struct BenchmarkDelivery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery",
        abstract: "Measure the serving path: from a topic to committed rows.",
        discussion: """
            Daemons run as processes of their own, with a private PostgreSQL (WAL and fsync
            on) and librdkafka's mock cluster as the broker. Runs that are compared
            alternate. Figures are medians, with the lowest and the highest value in
            brackets. Commit times are PostgreSQL's own (track_commit_timestamp).

            EXAMPLES
              lorikeet benchmark delivery --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark delivery --base models/all-MiniLM-L6-v2 \\
                  --input texts.tsv --figure sink --figure latency --runs 3
            """)

    @OptionGroup var baseOption: BaseOption
    @OptionGroup var input: InputOptions

    @Option(
        name: .customLong("figure"),
        help: ArgumentHelp(
            "Measure only this: \(DeliveryFigure.allCases.map(\.rawValue).joined(separator: ", ")); "
                + "repeat it for several.",
            valueName: "name"))
    var figures: [DeliveryFigure] = []

    @Option(help: ArgumentHelp("Runs per rate.", valueName: "n"))
    var runs = 5

    @Option(help: ArgumentHelp("Seconds for which latency and memory are measured.", valueName: "n"))
    var seconds = 60

    @Option(help: ArgumentHelp("Messages in a backlog.", valueName: "n"))
    var backlog = 1_000_000

    @Option(
        help: ArgumentHelp(
            "Brokers that know static members, for the figure restart. The default is the embedded broker, which does "
                + "not.", valueName: "host:port"))
    var brokers: String?

    @Option(help: ArgumentHelp("Also write the table as a Markdown page.", valueName: "file"), completion: .file())
    var output: String?

    func validate() throws {
        guard runs >= 1 else { throw ValidationError("--runs must be at least 1") }
        guard seconds >= 5 else { throw ValidationError("--seconds must be at least 5") }
        guard backlog >= 1000 else { throw ValidationError("--backlog must be at least 1000") }
    }

    func run() async throws {
        let benchmark = DeliveryBenchmark(
            base: baseOption.base, input: input.arguments, texts: try input.texts(limit: nil), runs: runs,
            seconds: seconds, backlog: backlog, brokers: brokers)
        let rows = try await Interruption.cancelling { [figures] in
            try await benchmark.run(figures) { StandardError.write("\($0.name): \($0.value)  \($0.details)") }
        }
        var table = TextTable(.left("figure"), .right("measured"), .right("goal"), .left("details"))
        for row in rows { table.add(row.name, row.value, row.goal, row.details) }
        try table.print()
        if let output {
            do { try AtomicFile(path: output).replace(benchmark.page(rows).utf8) } catch {
                throw CommandFailure(.failed, "\(output): \(error)")
            }
        }
        try StandardOutput.shared.line(JSONValue.object(rows.map { ($0.figure.rawValue, .number($0.number)) }).text)
    }
}

extension DeliveryFigure: ExpressibleByArgument {}
