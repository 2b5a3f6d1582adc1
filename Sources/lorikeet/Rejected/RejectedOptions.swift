import ArgumentParser
import Connectors
import Operations
import Serving

/// Which rejected records of which database.
struct RejectedOptions: ParsableArguments {
    @OptionGroup var databaseOptions: DatabaseOptions

    @Option(
        help: ArgumentHelp(
            "Only records of the pipeline with this name. Default with --pipeline: that of the file.",
            valueName: "name"))
    var name: String?

    @OptionGroup var filters: RejectedFilterOptions

    /// - Parameter origins: the records that were named; none for any.
    func filter(origins: [String]) throws -> RejectedFilter {
        filters.filter(pipeline: try name ?? databaseOptions.source.configuration()?.name, origins: origins)
    }
}

extension RejectionStage: ExpressibleByArgument {}
