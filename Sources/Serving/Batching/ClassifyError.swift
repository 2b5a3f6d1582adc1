/// Why one text could not be labelled.
enum ClassifyError: Error, CustomStringConvertible {
    case noLiveAdapter(task: String)
    case tooManyTokens(Int, positions: Int)
    case unknownToken
    case notANumber(task: String)

    /// The metric label.
    var cause: String {
        switch self {
        case .noLiveAdapter: "no-adapter"
        case .tooManyTokens: "too-many-tokens"
        case .unknownToken: "unknown-token"
        case .notANumber: "not-a-number"
        }
    }

    var description: String {
        switch self {
        case .noLiveAdapter(let task): "task \(task) has no live adapter"
        case .tooManyTokens(let count, let positions): "\(count) tokens exceed the base's \(positions) positions"
        case .unknownToken: "a token is not in the base's vocabulary"
        case .notANumber(let task): "the scores of task \(task) are NaN or infinite"
        }
    }
}
