import ArgumentParser
import BERT
import FoundationEssentials
import Operations

/// `--workers`.
struct WorkerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Compute threads. Default: one per core.", valueName: "n"))
    var workers: Int?

    func validate() throws {
        guard workers.map({ $0 >= 1 }) ?? true else { throw ValidationError("--workers must be at least 1") }
    }

    /// The number that was given, or the number of cores.
    var count: Int { workers ?? Self.defaultCount }

    static var defaultCount: Int { ProcessInfo.processInfo.activeProcessorCount }
}
