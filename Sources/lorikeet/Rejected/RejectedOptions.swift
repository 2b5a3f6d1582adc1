import ArgumentParser
import Connectors
import FoundationEssentials
import Operations
import Pipelines
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

/// Asks for `--all` where a command would change every record that there is.
struct RejectedScope: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Only these records, as list prints them: topic/partition@offset.", valueName: "origin"))
    var origins: [String] = []

    @Flag(help: "Take every rejected record. Required without origins and filters.")
    var all = false

    func check(_ filter: RejectedFilter) throws {
        if filter.isWhole, !all {
            throw CommandFailure(
                .usage, "give origins, or --stage, --reason, --since or --until; or --all for every record")
        }
    }
}

/// A day, a point in time, or how long ago.
struct PointInTime: ExpressibleByArgument {
    let date: Date

    init?(argument: String) {
        if let ago = DurationText.parse(argument) {
            date = Date(timeIntervalSinceNow: -Double(ago.components.seconds))
        } else if let moment = try? Date(argument, strategy: .iso8601) {
            date = moment
        } else if let day = try? Date(argument, strategy: .iso8601.year().month().day()) {
            date = day
        } else {
            return nil
        }
    }
}

extension RejectionStage: ExpressibleByArgument {}
