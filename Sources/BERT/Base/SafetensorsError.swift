/// Why bytes are not a usable safetensors file.
public enum SafetensorsError: Error, Equatable, Sendable {
    /// The file is shorter than its header.
    case truncated
    /// The header has more than 100 MB.
    case headerTooLarge(bytes: UInt64)
    /// The header is not the JSON of the format.
    case malformedHeader(reason: String)
    /// The type of a tensor is not F32, F16 or BF16.
    case unsupportedType(tensor: String, type: String)
    /// The bytes of a tensor are outside the file, overlap others, or do not match its shape.
    case invalidRange(tensor: String, reason: String)
    /// There is no tensor of this name.
    case missing(tensor: String)
    /// A tensor contains NaN or infinity.
    case notFinite(tensor: String)
    /// The system cannot read the file any more.
    case unreadable(reason: String)
}

extension SafetensorsError: CustomStringConvertible {
    /// What is wrong, and in which tensor.
    public var description: String {
        switch self {
        case .truncated: "truncated: shorter than its header says"
        case .headerTooLarge(let bytes): "a header of \(bytes) bytes is larger than the format allows"
        case .malformedHeader(let reason): "malformed header: \(reason)"
        case .unsupportedType(let tensor, let type):
            "tensor \"\(tensor)\": type \(type) is not supported; F32, F16 and BF16 are"
        case .invalidRange(let tensor, let reason): "tensor \"\(tensor)\": \(reason)"
        case .missing(let tensor): "tensor \"\(tensor)\" is missing"
        case .unreadable(let reason): reason
        case .notFinite(let tensor): "tensor \"\(tensor)\" contains NaN or infinity"
        }
    }
}
