/// The weights of the labels in the loss.
public enum ClassWeighting: Sendable, Codable, Equatable {
    /// All labels weigh the same.
    case none
    /// Rare labels weigh more than frequent ones: rows / (labels · rows of the label), as in scikit-learn. In a
    /// multi-label task it is rows without the label / rows with it, on the positive term.
    case balanced
    /// By label; 1 for those that are not named.
    case given([String: Float])

    /// As the command line takes it: `none`, `balanced` or `LABEL=WEIGHT,…`.
    public var text: String {
        switch self {
        case .none: "none"
        case .balanced: "balanced"
        case .given(let weights):
            weights.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        }
    }
}

/// In JSON: `"none"`, `"balanced"`, or an object of weights by label.
extension ClassWeighting {
    /// Reads one of the three forms.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let weights = try? value.decode([String: Float].self) {
            self = .given(weights)
            return
        }
        switch try value.decode(String.self) {
        case "none": self = .none
        case "balanced": self = .balanced
        default:
            throw DecodingError.dataCorruptedError(
                in: value, debugDescription: "must be none, balanced, or a weight per label")
        }
    }

    /// Writes one of the three forms.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .none: try value.encode("none")
        case .balanced: try value.encode("balanced")
        case .given(let weights): try value.encode(weights)
        }
    }
}
