import JSON
import Retraining
import Training

extension Hyperparameter {
    /// The value in some settings; nil where it is not set.
    func json(in settings: TrainingSettings) -> JSONValue? {
        switch value {
        case .integer(let path): .integer(settings[keyPath: path])
        case .optionalInteger(let path): settings[keyPath: path].map { .integer($0) }
        case .unsigned(let path): .integer(Int(clamping: settings[keyPath: path]))
        case .number(let path): Double("\(settings[keyPath: path])").map { .short($0) }
        case .flag(let path): .boolean(settings[keyPath: path])
        case .targets(let path): .array(settings[keyPath: path].map { .string($0) })
        case .choice, .layers, .classWeights: text(in: settings).map { .string($0) }
        }
    }

    /// The whole numbers that a pipeline file accepts.
    var fileIntegers: ClosedRange<Int> {
        let (lower, upper) = fileRange?.bounds ?? (0, .infinity)
        return Int(lower)...(Int(exactly: upper) ?? .max)
    }

    /// The numbers that a pipeline file accepts.
    var fileNumbers: ClosedRange<Double> {
        let (lower, upper) = fileRange?.bounds ?? (-.infinity, .infinity)
        return lower...upper
    }
}
