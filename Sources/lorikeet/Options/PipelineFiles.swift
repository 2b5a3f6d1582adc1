import ArgumentParser

/// FILE…: the pipeline files of one daemon.
struct PipelineFiles: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Pipeline files; several share one base.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]
}

/// `--json`.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print JSON for programs instead of a table for people.")
    var json = false
}
