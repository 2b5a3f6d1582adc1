import Glibc

/// The standard normal distribution.
public enum NormalDistribution {
    /// Probability of a value above `z`.
    public static func upperTail(_ z: Double) -> Double { 0.5 * erfc(z / 2.0.squareRoot()) }

    /// The value that is exceeded with this probability, from 0 to 1.
    public static func quantile(upperTail probability: Double) -> Double {
        // Beyond 38, the tail is 0 in double precision.
        var (low, high) = (-38.0, 38.0)
        for _ in 0..<64 {
            let middle = (low + high) / 2
            if upperTail(middle) > probability { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
