import BERT

/// `dtype`: the type in which the base computes.
public enum PrecisionSetting: Sendable, Hashable {
    /// The type that the file names.
    case fixed(DataType)
    /// The fastest type of the CPU that does not cost too much quality.
    case auto
}

extension PrecisionSetting: RawRepresentable, CaseIterable, CustomStringConvertible {
    /// The values of `dtype`, those that name a type first.
    public static var allCases: [PrecisionSetting] { DataType.allCases.map(PrecisionSetting.fixed) + [.auto] }

    /// The setting of that name.
    public init?(rawValue: String) {
        if rawValue == "auto" {
            self = .auto
        } else if let dataType = DataType(rawValue: rawValue) {
            self = .fixed(dataType)
        } else {
            return nil
        }
    }

    /// As the pipeline file has it.
    public var rawValue: String {
        switch self {
        case .fixed(let dataType): dataType.rawValue
        case .auto: "auto"
        }
    }

    /// As the pipeline file has it.
    public var description: String { rawValue }
}
