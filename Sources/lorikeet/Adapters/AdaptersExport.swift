import ArgumentParser
import BERT
import Reports

/// `lorikeet adapters export TASK [VERSION] --output DIR`.
struct AdaptersExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a version of a task's adapter to a folder, as PEFT reads it.",
        discussion: """
            EXAMPLES
              lorikeet adapters export section --output adapters/section \\
                  --pipeline pipelines/packages.yaml
              lorikeet adapters export section 3 --output adapters/section-3 \\
                  --base models/all-MiniLM-L6-v2
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The version; default: the live one.", valueName: "version"))
    var version: Int?

    @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"), completion: .directory)
    var output: String

    @Flag(help: "Replace an adapter that is there.")
    var overwrite = false

    @OptionGroup var baseOptions: RegistryBaseOptions
    @OptionGroup var registry: RegistryOptions

    func run() async throws {
        try AdapterFolder.checkFree(output, overwrite: overwrite)
        let base = try baseOptions.load(registry.databaseOptions)
        let stored = try await registry.withStore { try await $0.load(digest: $0.version(version, of: task).digest) }
        let adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: base)
        try adapter.write(to: output)
        try StandardOutput.shared.line("\(VersionReport.name(stored.version)) written to \(output)")
    }
}
