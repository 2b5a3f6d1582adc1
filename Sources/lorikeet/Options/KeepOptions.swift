import ArgumentParser
import Reports
import Training

/// Which epoch becomes the adapter, and when training ends early.
struct KeepOptions: ParsableArguments {
    @Option(.keep) var keep: EpochSelection?

    @Option(.patience) var patience: Int?

    @Option(
        help: ArgumentHelp(
            "Print the abstention threshold that reaches this precision on the validation rows, and store it with the "
                + "adapter; repeat it for several.",
            valueName: "share"))
    var precision: [Double] = []

    func validate() throws {
        var settings = TrainingSettings()
        apply(to: &settings)
        try settings.validate()
        guard patience == nil || settings.epochSelection != .last else {
            throw ValidationError("--patience needs a metric: give --keep macro-f1, accuracy or loss")
        }
        guard precision.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
            throw ValidationError("--precision must be above 0 and at most 1")
        }
    }

    /// Warns of options that have no effect without validation rows.
    func warnOfNoRows() {
        var ignored: [String] = []
        if patience != nil { ignored.append("--patience") }
        if !precision.isEmpty { ignored.append("--precision") }
        if ignored.isEmpty { return }
        StandardError.write(
            "warning: without validation rows, these options have no effect: \(ignored.joined(separator: ", "))")
    }

    func apply(to settings: inout TrainingSettings) {
        if let keep {
            settings.epochSelection = keep
            settings.given.insert(Hyperparameter.keep.key)
        }
        if let patience {
            settings.patience = patience
            settings.given.insert(Hyperparameter.patience.key)
        }
        settings.precisions = precision
    }
}

extension EpochSelection: ExpressibleByArgument {}
