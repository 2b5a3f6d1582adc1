/// A small generator of the same numbers on every machine (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014).
///
/// Seed and stream are mixed first: otherwise seed s + γ would give the numbers of seed s, one step ahead.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private static let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
    /// Determines the next number.
    private(set) var state: UInt64

    /// A generator of one of the independent streams of a seed.
    public init(seed: UInt64, stream: UInt64 = 0) {
        state = Self.mix(Self.mix(seed &+ Self.golden) &+ (stream &+ 1) &* Self.golden)
    }

    /// 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= Self.golden
        return Self.mix(state)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

extension SplitMix64 {
    /// A number from 0 up to, but not including, `limit`, which must be positive.
    public mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    public mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    public mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// Uniform in [-bound, bound).
    public mutating func uniform(in bound: Float) -> Float { (2 * unit() - 1) * bound }

    /// Roughly standard normal, enough to initialize weights: a sum of twelve uniforms, which needs no library function
    /// that differs between machines.
    public mutating func normal() -> Float {
        var sum: Float = -6
        for _ in 0..<12 { sum += unit() }
        return sum
    }
}
