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

/// Which rejected records of a pipeline.
struct RejectedFilterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only records that failed at this stage: "
                + RejectionStage.allCases.map(\.rawValue).joined(separator: ", ") + "."))
    var stage: RejectionStage?

    @Option(help: ArgumentHelp("Only records whose reason contains this text, in any letter case.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "Only records rejected since then: 2026-01-31, 2026-01-31T12:00:00Z, or 2h for two hours ago.",
            valueName: "time"))
    var since: PointInTime?

    @Option(help: ArgumentHelp("Only records rejected before then, in the same forms.", valueName: "time"))
    var until: PointInTime?

    /// - Parameters:
    ///   - pipeline: the pipeline's name; nil for any.
    ///   - origins: the records that were named; none for any.
    func filter(pipeline: String?, origins: [String]) -> RejectedFilter {
        var filter = RejectedFilter()
        filter.pipeline = pipeline
        filter.stage = stage
        filter.reason = reason
        filter.since = since?.date
        filter.until = until?.date
        filter.origins = origins.isEmpty ? nil : origins
        return filter
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
