import ArgumentParser
import Connectors
import Foundation
import Operations
import Pipelines
import Serving

/// Which rejected rows are meant, and in which database.
struct RejectedOptions: ParsableArguments {
    @OptionGroup var databaseOptions: DatabaseOptions

    @Option(
        help: ArgumentHelp(
            "Only rows of the pipeline of this name; default with --pipeline: the file's.", valueName: "name"))
    var name: String?

    @Option(
        help: "Only rows that failed at this stage: \(RejectionStage.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var stage: RejectionStage?

    @Option(help: ArgumentHelp("Only rows whose reason has this in it, in any case.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "Only rows rejected at this time or later: 2026-01-31, 2026-01-31T12:00:00Z, or 2h ago.", valueName: "time")
    )
    var since: PointInTime?

    @Option(help: ArgumentHelp("Only rows rejected before this time.", valueName: "time"))
    var until: PointInTime?

    /// - Parameter origins: the places that were named, none for any.
    func filter(origins: [String]) throws -> RejectedFilter {
        var filter = RejectedFilter()
        filter.pipeline = try name ?? databaseOptions.configuration()?.name
        filter.stage = stage
        filter.reason = reason
        filter.since = since?.date
        filter.until = until?.date
        filter.origins = origins.isEmpty ? nil : origins
        return filter
    }

    /// Runs the body with the table, and closes the connection whatever comes.
    func withRows<Result: Sendable>(_ body: (PostgresRejectedRows) async throws -> Result) async throws -> Result {
        let dsn = try databaseOptions.connectionString().value
        let rows = PostgresRejectedRows(PostgresSettings(dsn: dsn, applicationName: "lorikeet rejected"))
        do {
            let result = try await body(rows)
            await rows.close()
            return result
        } catch {
            await rows.close()
            throw error
        }
    }
}

/// Asks for `--all` where a command would otherwise change every row there is.
struct RejectedScope: ParsableArguments {
    @Argument(help: ArgumentHelp("Only these, each as list shows it: topic/partition@offset.", valueName: "origin"))
    var origins: [String] = []

    @Flag(help: "Every rejected row, if neither origins nor a filter say which.")
    var all = false

    func check(_ filter: RejectedFilter) throws {
        if filter.isWhole, !all {
            throw CommandFailure(
                .usage, "name origins, or --stage, --reason, --since or --until; or --all for every row")
        }
    }
}

/// A day, a moment, or how long ago.
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
