import ArgumentParser
import BERT
import Glibc
import Operations
import Pipelines
import Reports
import Training

/// Ends the process after an error: one line that says what is wrong, and the exit status of `ExitStatus`.
func end(with error: any Error) -> Never {
    // What was finished before the error is still a result.
    try? StandardOutput.shared.flush()
    switch error {
    case _ where isArgumentParsers(error):
        Lorikeet.exit(withError: error)
    case StandardOutputError.closed:
        endLikeSIGPIPE()
    case let failure as CommandFailure:
        complain(failure.message)
        exit(failure.status.rawValue)
    case let error as ConfigurationError:
        complain(error.description)
        exit(ExitStatus.configuration.rawValue)
    default:
        complain(explanation(of: error))
        exit(ExitStatus.failed.rawValue)
    }
}

/// Whether argument-parser made the error: a request for help, a wrong value, an exit code. Some of its types are its own secret.
private func isArgumentParsers(_ error: any Error) -> Bool {
    String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
}

/// Prints `error: …` for each line of the message.
private func complain(_ message: String) {
    for line in message.split(separator: "\n") { StandardError.write("error: \(line)") }
}

/// The error in words. Errors of the modules describe themselves; a bare enum case would mean nothing to a person.
func explanation(of error: any Error) -> String {
    switch error {
    case TrainingError.startHasOtherLabels(let gone) where gone.allSatisfy(Adapter.isPlaceholder):
        "\(error); if these only stand for names that its folder does not have, --from-labels gives them"
    case DatasetError.doubtful(_, _, let reason, let remedy):
        "\(error)\(reason.hasSuffix("?") ? "" : ";") \(hint(remedy))"
    case DatasetError.tooManyLabels: "\(error) \(hint(.columns(among: [])))"
    case let error as any CustomStringConvertible: error.description
    default: "unexpected: \(type(of: error))"
    }
}

/// The options that say how rows are meant.
private func hint(_ remedy: RowRemedy) -> String {
    func columns(_ names: [String], _ options: String) -> String {
        (names.isEmpty ? "" : "there are \(names.joined(separator: ", ")): ")
            + options + ", by name or by number from 1"
    }
    switch remedy {
    case .columns(let names): return columns(names, "--text-column and --label-column say which are meant")
    case .textColumn(let names): return columns(names, "--text-column says which is meant")
    case .labelColumn(let names): return columns(names, "--label-column says which is meant")
    case .multiLabel: return "train --multi-label makes a task whose texts have sets of labels"
    case .separator(let text):
        return "--multi-label with --label-separator '\(text)' reads them as sets, --label-column as they are"
    }
}

/// Whoever read standard output has enough: ends as other Unix programs do.
private func endLikeSIGPIPE() -> Never {
    _ = signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
    exit(ExitStatus.failed.rawValue)
}
