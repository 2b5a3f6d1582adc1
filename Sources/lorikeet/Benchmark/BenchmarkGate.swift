import ArgumentParser
import JSON
import Lab
import Reports

/// `lorikeet benchmark gate`: how often the promotion gate decides rightly.
struct BenchmarkGate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate",
        abstract: "Simulate retrainings with a known truth, and count the promotion gate's decisions.",
        discussion: """
            Needs no base and no data: champion and challenger are simulated classifiers of
            known accuracy. Shows how many challengers are promoted where none is better,
            where each is better, with mislabelled rows, and with a label that is
            forgotten, absent or spelled wrong. The same seed gives the same figures.

            EXAMPLES
              lorikeet benchmark gate
              lorikeet benchmark gate --retrainings 50 --output gate.md
            """)

    @Option(help: ArgumentHelp("Simulated retrainings per case.", valueName: "n"))
    var retrainings = 400

    @Option(help: ArgumentHelp("Seed of the simulation.", valueName: "n"))
    var seed: UInt64 = 16

    @Option(
        help: ArgumentHelp("Also write the tables as a section in Markdown.", valueName: "file"), completion: .file())
    var output: String?

    func validate() throws {
        guard (1...1_000_000).contains(retrainings) else {
            throw ValidationError("--retrainings must be from 1 to 1000000")
        }
    }

    func run() async throws {
        let benchmark = GateBenchmark(retrainings: retrainings, seed: seed)
        let rows = try await Interruption.cancelling {
            try benchmark.run {
                StandardError.write("\($0.of.group.rawValue): \($0.of.name), \($0.of.simulation.rows) rows")
            }
        }
        var table = TextTable(
            .left("challenger"), .right("held-out rows"), .right("promoted"), .right("at once"), .right("held"),
            .right("rejected"), .right("not better"), .right("harmful"))
        for row in rows {
            let tally = row.tally
            table.add(
                "\(row.of.group.rawValue): \(row.of.name)", "\(row.of.simulation.rows)", "\(tally.promoted)",
                "\(tally.promotedAtOnce)", "\(tally.held)", "\(tally.rejected)", "\(tally.notBetter)",
                "\(tally.harmful)")
        }
        try table.print()
        if let output { try SectionOptions.replace(output, with: benchmark.section(rows)) }
        try StandardOutput.shared.line(benchmark.json(rows).text)
    }
}
