import ArgumentParser
import Operations
import Reports

/// `--report` of `evaluate` and `compare`.
struct ReportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write a report to this file, one HTML page that loads nothing else.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Flag(help: "Show texts in the report, such as those of the worst mistakes.")
    var reportTexts = false

    func validate() throws {
        guard report != nil || !reportTexts else { throw ValidationError("--report-texts needs --report") }
    }

    /// Refuses a path that cannot be written to, before the work.
    func check() throws { if let report { try ReportFile.check(report) } }

    /// Writes the report if one was requested, and says so.
    func write(_ page: @autoclosure () -> ReportPage) throws {
        guard let report else { return }
        try ReportFile.write(page(), to: report)
        StandardError.write("report written to \(report)")
    }
}
