import ArgumentParser
import Connectors
import Operations
import Pipelines
import Serving

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
