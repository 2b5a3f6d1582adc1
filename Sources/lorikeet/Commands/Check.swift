import ArgumentParser
import JSON
import Operations
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

            Every problem is one line on standard error, as compilers write it:
            FILE:LINE:COLUMN: error: KEY: what is wrong. What is in order, and the number
            of errors and warnings, go to standard output.

            EXAMPLES
              lorikeet check pipelines/packages.yaml
              lorikeet check --offline pipelines/*.yaml      # no database, no broker
              lorikeet check --json pipelines/packages.yaml | jq '.findings[]'
              lorikeet check --offline pipelines/mail.yaml 2>&1 >/dev/null | less
            """)

    @Argument(
        help: ArgumentHelp("Pipeline files. They must name the same base.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []

    @Flag(help: "Connect to no database and no broker.")
    var offline = false

    @Flag(help: "Print the JSON Schema of pipeline files, as lorikeet schema does; check nothing.")
    var schema = false

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard schema == files.isEmpty else {
            throw ValidationError(schema ? "--schema takes no files" : "Missing expected argument '<file> ...'")
        }
    }

    func run() async throws {
        if schema { return try SchemaCommand.print() }
        let options = CheckOperation.Options(database: !offline, broker: !offline)
        let report = await CheckOperation.run(files: files, options: options)
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else {
            for finding in report.findings { try Self.print(finding) }
            try StandardOutput.shared.line(Self.verdict(report))
        }
        guard report.status == .done else { throw ExitCode(report.status.rawValue) }
    }

    private static func print(_ finding: CheckReport.Finding) throws {
        switch finding.severity {
        case .fine: try StandardOutput.shared.line("ok       \(finding)")
        case .warning, .error:
            // On a terminal, findings stand in the order of the checks.
            try StandardOutput.shared.flush()
            StandardError.write(finding.diagnostic)
        }
    }

    private static func verdict(_ report: CheckReport) -> String {
        let errors = report.findings.count { $0.severity == .error }
        let warnings = report.findings.count { $0.severity == .warning }
        func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
        return "\(counted(errors, "error")), \(counted(warnings, "warning"))"
    }
}
