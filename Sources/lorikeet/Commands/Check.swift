import ArgumentParser
import JSON
import Operations
import Pipelines
import Reports

/// `lorikeet check FILE…`.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate pipeline files and everything that they name; change nothing.",
        discussion: """
            Checks the files, the consumer properties, the base, the adapters and their
            labels. Then it connects to the database in the daemon's role, and asks each
            broker for the topics and the group, with the consumer's authentication. It
            joins no group and creates no topic. Exit status 78 if the daemon would not
            start, or could not label anything.

            EXAMPLES
              lorikeet check pipelines/packages.yaml
              lorikeet check --offline pipelines/*.yaml      # no database, no broker
              lorikeet check --json pipelines/packages.yaml | jq '.findings[]'
              lorikeet check --schema > pipeline-file.schema.json
            """)

    @Argument(
        help: ArgumentHelp("Pipeline files. They must name the same base.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []

    @Flag(help: "Connect to no database and no broker.")
    var offline = false

    @Flag(help: "Print the JSON Schema of pipeline files for editors, and check nothing.")
    var schema = false

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard schema == files.isEmpty else {
            throw ValidationError(schema ? "--schema takes no files" : "Missing expected argument '<file> ...'")
        }
    }

    func run() async throws {
        if schema {
            for line in PipelineSchema.text.split(separator: "\n") { try StandardOutput.shared.line(String(line)) }
            return
        }
        let options = CheckOperation.Options(database: !offline, broker: !offline)
        let report = await CheckOperation.run(files: files, options: options)
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else {
            for finding in report.findings { try StandardOutput.shared.line(Self.line(finding)) }
            try StandardOutput.shared.line(Self.verdict(report))
        }
        guard report.status == .done else { throw ExitCode(report.status.rawValue) }
    }

    private static func line(_ finding: CheckReport.Finding) -> String {
        switch finding.severity {
        case .fine: "ok       \(finding)"
        case .warning: "warning  \(finding)"
        case .error: "error    \(finding)"
        }
    }

    private static func verdict(_ report: CheckReport) -> String {
        let errors = report.findings.count { $0.severity == .error }
        let warnings = report.findings.count { $0.severity == .warning }
        func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
        return "\(counted(errors, "error")), \(counted(warnings, "warning"))"
    }
}
