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

/// A day, a point in time, or how long ago.
struct PointInTime: ExpressibleByArgument {
    let date: Date

    /// Since 1970.
    var milliseconds: Int64 { Int64((date.timeIntervalSince1970 * 1000).rounded()) }

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
