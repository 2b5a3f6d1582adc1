import ArgumentParser
import Connectors
import Operations
import Pipelines
import Serving

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
