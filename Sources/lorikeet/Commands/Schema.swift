import ArgumentParser
import Pipelines
import Reports

/// `lorikeet schema`.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of pipeline files, for editors and validators.",
        discussion: """
            With it, editors complete keys, show what they mean and mark mistakes. It
            describes the keys of this version of the program: type, range, default and
            examples. What depends on other keys, files and servers, only lorikeet check
            finds.

            Editors with the YAML language server read it by this line at the beginning of
            a pipeline file:

              # yaml-language-server: $schema=pipeline-file.schema.json

            EXAMPLES
              lorikeet schema > pipeline-file.schema.json
              lorikeet schema | jq .properties.retrain.properties.every
              lorikeet schema | diff pipeline-file.schema.json -
            """)

    func run() throws { try Self.print() }

    /// Writes the schema to standard output.
    static func print() throws {
        for line in PipelineSchema.text.split(separator: "\n") { try StandardOutput.shared.line(String(line)) }
    }
}
