import ArgumentParser

/// FILE…: the pipeline files of one daemon.
struct PipelineFiles: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Pipeline files. They must name the same base.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]
}
