import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet rejected discard`.
struct RejectedDiscard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Delete rejected records for good.",
        discussion: """
            EXAMPLES
              lorikeet rejected discard packages/0@17
              lorikeet rejected discard --stage decode --until 30d
              lorikeet rejected discard --all --pipeline pipelines/packages.yaml
            """)

    @OptionGroup var scope: RejectedScope
    @OptionGroup var options: RejectedOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let filter = try options.filter(origins: scope.origins)
        try scope.check(filter)
        let count = try await RejectedOperation(options.databaseOptions.source).discard(filter)
        try StandardOutput.shared.line(
            output.json
                ? JSONValue.object([("discarded", .integer(count))]).text
                : "\(count) rejected \(count == 1 ? "record" : "records") discarded")
    }
}
