import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet test FILE…`.
struct TestExamples: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the examples of pipeline files through their adapters.",
        discussion: """
            A pipeline file can hold examples, to be tested before it is deployed:

              examples:
                - { text: "a game of chess", task: section, label: games }

            Exit status 1 if an example does not get its expected label.

            EXAMPLES
              lorikeet test pipelines/packages.yaml
              lorikeet test --live pipelines/packages.yaml    # the live adapters
              lorikeet test --json pipelines/*.yaml | jq 'select(.passed | not)'
            """)

    @OptionGroup var pipelines: PipelineFiles
    @OptionGroup var workerOptions: WorkerOptions

    @Flag(help: "Test the live adapters, even if the file names folders.")
    var live = false

    @OptionGroup var output: JSONOption

    func run() async throws {
        let report = try await ExamplesOperation.run(
            files: pipelines.files, options: ExamplesOperation.Options(live: live, workers: workerOptions.workers))
        if output.json {
            for result in report.results { try StandardOutput.shared.line(JSONValue.encoded(result)) }
        } else {
            try print(report)
        }
        guard report.status == .done else { throw ExitCode(report.status.rawValue) }
    }

    private func print(_ report: ExamplesReport) throws {
        var table = TextTable(
            .left(""), .left("task"), .left("expected"), .left("actual"), .right("score"), .left("example"))
        for result in report.results {
            table.add(
                result.passed ? "pass" : "FAIL", result.task, result.expected,
                result.abstained ? "\(result.actual) (abstained)" : result.actual, Figure.decimal(result.score, 3),
                "\(result.file):\(result.line): \(result.text.prefix(48))")
        }
        if report.results.isEmpty {
            try StandardOutput.shared.line("the pipeline files have no examples")
        } else {
            try table.print()
            try StandardOutput.shared.line(
                "\(report.results.count(where: \.passed)) of \(report.results.count) examples pass")
        }
    }
}
