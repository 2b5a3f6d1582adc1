import ArgumentParser
import Operations

/// `--base` of `adapters import` and `adapters export`.
struct RegistryBaseOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("The base of the adapter. Default: that of --pipeline.", valueName: "dir"),
        completion: .directory)
    var base: String?
}
