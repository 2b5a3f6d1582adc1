/// The type that the products of a base's linear layers read, by the name that PyTorch gives it.
///
/// Adapters, heads, sums, biases, norms, activations and attention are float32 whatever it is.
public enum DataType: String, Sendable, CaseIterable {
    /// 32-bit floats, as in the base's files.
    case float32
    /// 8-bit integers: the weights with a scale per output, the rows that enter with a scale per token.
    case int8
}
