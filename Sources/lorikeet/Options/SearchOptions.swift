import ArgumentParser

/// `--search`: look for better settings before the training.
struct SearchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Try so many settings around those given, then train the best one fully.", valueName: "n"))
    var search: Int?

    @Option(help: ArgumentHelp("Time for the search; what is best then is trained.", valueName: "n"))
    var searchMinutes: Double?

    func validate() throws {
        guard search.map({ (2...1_000).contains($0) }) ?? true else {
            throw ValidationError("--search must be from 2 to 1000")
        }
        guard search != nil || searchMinutes == nil else {
            throw ValidationError("--search-minutes is of use only with --search")
        }
        guard searchMinutes.map({ $0.isFinite && $0 > 0 && $0 < 1e6 }) ?? true else {
            throw ValidationError("--search-minutes must be above 0")
        }
    }

    var budget: Duration? { searchMinutes.map { .seconds($0 * 60) } }
}
