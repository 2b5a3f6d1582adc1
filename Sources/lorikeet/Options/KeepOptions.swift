import ArgumentParser
import Reports
import Training

/// Which epoch becomes the adapter, and when to stop.
struct KeepOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The epoch to keep: the best by macro-f1, accuracy or loss on the validation rows, or the last.",
            valueName: "by"))
    var keep = KeptEpoch.macroF1

    @Option(help: ArgumentHelp("End after so many epochs that were no better than the best.", valueName: "n"))
    var patience: Int?

    @Option(
        help: ArgumentHelp(
            "Say below which score to abstain so that this share of labels is right, and keep it beside the adapter.",
            valueName: "share"))
    var precision: [Double] = []

    func validate() throws {
        guard patience.map({ $0 >= 1 }) ?? true else { throw ValidationError("--patience must be at least 1") }
        guard patience == nil || keep != .last else {
            throw ValidationError("--patience needs a figure: --keep macro-f1, accuracy or loss")
        }
        guard precision.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
            throw ValidationError("--precision must be above 0 and at most 1")
        }
    }

    /// Says which of the options given have nothing to go by without validation rows.
    func warnOfNoRows() {
        var idle: [String] = []
        if patience != nil { idle.append("--patience") }
        if !precision.isEmpty { idle.append("--precision") }
        if idle.isEmpty { return }
        StandardError.write(
            "warning: there are no validation rows, so that \(idle.joined(separator: " and ")) cannot be heeded")
    }

    func apply(to settings: inout TrainingSettings) {
        settings.keeping = keep
        settings.patience = patience
        settings.precisions = precision
    }
}

extension KeptEpoch: ExpressibleByArgument {}

extension ClassWeighting: ExpressibleByArgument {
    /// `none`, `balanced`, or `LABEL=WEIGHT,…`; a label may hold `=` itself.
    public init?(argument: String) {
        switch argument {
        case "none": self = .none
        case "balanced": self = .balanced
        default:
            var weights: [String: Float] = [:]
            for pair in argument.split(separator: ",") {
                guard let equals = pair.lastIndex(of: "="), let weight = Float(pair[pair.index(after: equals)...]),
                    weight.isFinite,
                    weight > 0
                else { return nil }
                weights[String(pair[..<equals])] = weight
            }
            if weights.isEmpty { return nil }
            self = .given(weights)
        }
    }

    public var defaultValueDescription: String {
        switch self {
        case .none: "none"
        case .balanced: "balanced"
        case .given: "given"
        }
    }
}
