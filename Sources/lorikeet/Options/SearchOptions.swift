import ArgumentParser

/// `--search`: search better hyper-parameters before the training.
struct SearchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Search around the given settings: try this many, then train the best fully.", valueName: "n"))
    var search: Int?

    @Option(help: ArgumentHelp("End the search after this many minutes, with the best so far.", valueName: "n"))
    var searchMinutes: Double?

    func validate() throws {
        guard search.map({ (2...1_000).contains($0) }) ?? true else {
            throw ValidationError("--search must be from 2 to 1000")
        }
        guard search != nil || searchMinutes == nil else {
            throw ValidationError("--search-minutes requires --search")
        }
        guard searchMinutes.map({ $0.isFinite && $0 > 0 && $0 < 1e6 }) ?? true else {
            throw ValidationError("--search-minutes must be above 0")
        }
    }

    var budget: Duration? { searchMinutes.map { .seconds($0 * 60) } }
}
