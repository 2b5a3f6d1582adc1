import ArgumentParser
import BERT
import Daemon
import Glibc
import Operations
import Pipelines
import Reports
import Training

/// What the program prints when it ends with an error.
enum ErrorReporting {
    /// Ends the process after an error: prints it, and exits with a status of `ExitStatus`.
    static func end(with error: any Error) -> Never {
        // Lines printed before the error are still results.
        try? StandardOutput.shared.flush()
        switch error {
        case _ where isArgumentParsers(error):
            Lorikeet.exit(withError: error)
        case StandardOutputError.closed:
            endLikeSIGPIPE()
        case let failure as CommandFailure:
            printError(failure.message)
            exit(failure.status.rawValue)
        case let error as ConfigurationError:
            printError(error.description)
            exit(ExitStatus.configuration.rawValue)
        default:
            printError(explanation(of: error))
            exit(ExitStatus.failed.rawValue)
        }
    }

    /// Whether argument-parser threw the error: a request for help, a wrong value, an exit code.
    ///
    /// Some of its types are internal to it.
    private static func isArgumentParsers(_ error: any Error) -> Bool {
        String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
    }

    /// Prints `error: …` for each line of the message; journald takes them for errors.
    private static func printError(_ message: String) {
        let priority = DaemonLogging.standardErrorIsJournal ? "<3>" : ""
        for line in message.split(separator: "\n") { StandardError.write("\(priority)error: \(line)") }
    }

    /// The error for a person, with the options that would solve it. The name of an enum case would mean nothing.
    private static func explanation(of error: any Error) -> String {
        switch error {
        case TrainingError.startHasOtherLabels(let gone) where gone.allSatisfy(Adapter.isPlaceholder):
            "\(error); if its folder has no label names, give them with --from-labels"
        case DatasetError.doubtful(_, _, let reason, let remedy):
            "\(error)\(reason.hasSuffix("?") ? "" : ";") \(hint(remedy))"
        case DatasetError.tooManyLabels: "\(error) \(hint(.columns(among: [])))"
        case is CancellationError: "interrupted"
        case let error as any CustomStringConvertible: error.description
        default: "unexpected: \(type(of: error))"
        }
    }

    /// The options that say how rows are to be read.
    private static func hint(_ remedy: RowRemedy) -> String {
        func columns(_ names: [String], _ options: String) -> String {
            let known = names.isEmpty ? "" : "found \(names.joined(separator: ", ")): "
            return known + options + ", by name or by number from 1"
        }
        switch remedy {
        case .columns(let names): return columns(names, "choose with --text-column and --label-column")
        case .textColumn(let names): return columns(names, "choose with --text-column")
        case .labelColumn(let names): return columns(names, "choose with --label-column")
        case .multiLabel: return "train --multi-label for a task with sets of labels"
        case .separator(let text):
            return "--multi-label --label-separator '\(text)' reads them as sets, --label-column as they are"
        }
    }

    /// The reader of standard output is gone: ends by SIGPIPE, as other Unix programs do.
    private static func endLikeSIGPIPE() -> Never {
        _ = signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        exit(ExitStatus.failed.rawValue)
    }
}
