/// The numbers that a hyper-parameter may have. Infinities and what is not a number are never among them.
public enum HyperparameterRange: Sendable, Equatable, CustomStringConvertible {
    /// This number and all above.
    case atLeast(Double)
    /// All numbers above this one.
    case above(Double)
    /// Both bounds included.
    case closed(ClosedRange<Double>)
    /// The upper bound excluded.
    case halfOpen(Range<Double>)

    /// Whether the number is in the range.
    public func contains(_ number: Double) -> Bool {
        guard number.isFinite else { return false }
        switch self {
        case .atLeast(let lower): return number >= lower
        case .above(let lower): return number > lower
        case .closed(let range): return range.contains(number)
        case .halfOpen(let range): return range.contains(number)
        }
    }

    /// Lower and upper bound, whether or not they are included; an upper bound that is missing is infinite.
    public var bounds: (lower: Double, upper: Double) {
        switch self {
        case .atLeast(let lower), .above(let lower): (lower, .infinity)
        case .closed(let range): (range.lowerBound, range.upperBound)
        case .halfOpen(let range): (range.lowerBound, range.upperBound)
        }
    }

    /// As it follows "must be".
    public var description: String {
        switch self {
        case .atLeast(let lower): "at least \(Hyperparameter.plain(lower))"
        case .above(let lower): "above \(Hyperparameter.plain(lower))"
        case .closed(let range):
            "from \(Hyperparameter.plain(range.lowerBound)) to \(Hyperparameter.plain(range.upperBound))"
        case .halfOpen(let range):
            "at least \(Hyperparameter.plain(range.lowerBound)) and below \(Hyperparameter.plain(range.upperBound))"
        }
    }
}
