/// Why bytes are not a safetensors file that can be used.
public enum SafetensorsError: Error, Equatable, Sendable {
    /// Shorter than its own header says.
    case truncated
    /// The header's length is beyond 100 MB.
    case headerTooLarge(bytes: UInt64)
    /// The header is not the JSON that the format asks for.
    case malformedHeader(reason: String)
    /// A tensor's type is none of F32, F16, BF16.
    case unsupportedType(tensor: String, type: String)
    /// A tensor's bytes lie outside the file, overlap another's, or are not as many as its shape says.
    case invalidRange(tensor: String, reason: String)
    /// No tensor of that name.
    case missing(tensor: String)
    /// A tensor holds NaN or infinity.
    case notFinite(tensor: String)
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
        case .notFinite(let tensor): "tensor \"\(tensor)\" holds NaN or infinity"
        }
    }
}
