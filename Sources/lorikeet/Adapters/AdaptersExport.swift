import ArgumentParser
import Operations
import Reports

/// `lorikeet adapters export TASK [VERSION] --output DIR`.
struct AdaptersExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a version of an adapter to a folder in PEFT's format.",
        discussion: """
            EXAMPLES
              lorikeet adapters export section --output adapters/section \\
                  --pipeline pipelines/packages.yaml
              lorikeet adapters export section 3 --output adapters/section-3 \\
                  --base models/all-MiniLM-L6-v2
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The version. Default: the live one.", valueName: "version"))
    var version: Int?

    @Option(help: ArgumentHelp("The folder to write the adapter to.", valueName: "dir"), completion: .directory)
    var output: String

    @Flag(help: "Replace the adapter in that folder.")
    var overwrite = false

    @OptionGroup var baseOption: RegistryBaseOption
    @OptionGroup var databaseOptions: DatabaseOptions

    func run() async throws {
        let version = try await AdaptersOperation(databaseOptions.source).export(
            task: task, version: version, to: output, base: baseOption.base, overwrite: overwrite)
        try StandardOutput.shared.line("\(version.name) written to \(output)")
    }
}
