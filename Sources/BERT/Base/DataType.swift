import Kernels

/// The type that the products of a base's linear layers read, by the name that PyTorch gives it.
///
/// Adapters, heads, sums, biases, norms and activations are float32 whatever it is, attention unless the CPU has it in
/// bfloat16.
public enum DataType: String, Sendable, Codable, CaseIterable {
    /// 32-bit floats, as in the base's files.
    case float32
    /// 8-bit integers: the weights with a scale per output, the rows that enter with a scale per token.
    case int8
    /// Floats of 16 bits, the upper half of a float32, with sums in float32. The word embeddings stay float32.
    case bfloat16
}

extension DataType {
    /// The types that this CPU computes faster than float32, the fastest first.
    public static var fastestFirst: [DataType] { [.int8, .bfloat16].filter(\.isFast) }

    /// What `dtype: auto` lets layers fall back to that cost too much in this type.
    public var fallback: DataType {
        let types = Self.fastestFirst
        return types.firstIndex(of: self).flatMap { types.dropFirst($0 + 1).first } ?? .float32
    }

    /// The one of two types that rounds less.
    func finer(_ other: DataType) -> DataType {
        let coarsestFirst: [DataType] = [.int8, .bfloat16, .float32]
        return coarsestFirst.last { $0 == self || $0 == other } ?? self
    }

    /// Whether this CPU has instructions for its products. Others compute them too, but slower than in float32.
    public var isFast: Bool {
        switch self {
        case .float32: true
        case .int8: IntegerInstructions.best != .portable
        case .bfloat16: hasBFloat16Product
        }
    }
}
