import ArgumentParser

/// `--runs` of benchmarks whose run has a seed.
struct RunsOption: ParsableArguments {
    @Option(help: ArgumentHelp("Runs, each with the next seed.", valueName: "n"))
    var runs = 1

    func validate() throws {
        guard (1...1_000).contains(runs) else { throw ValidationError("--runs must be from 1 to 1000") }
    }
}
