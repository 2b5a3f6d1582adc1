/// The bins of the signals. They are fixed, so that profiles can be added and compared.
enum Bins {
    static let confidenceCount = 20
    private static let shareBounds = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    private static let lengthCount = 24
    /// The lower bound of the second bin is 2^-12, and there are two bins per octave.
    private static let distanceOctaves = 13

    /// The number of bins; for labels, that of the adapter.
    static func count(_ signal: DriftSignal, labels: Int) -> Int {
        switch signal {
        case .labels: labels
        case .confidence: confidenceCount
        case .abstentions: 2
        case .unknownTokens: shareBounds.count + 1
        case .length: lengthCount
        // The last one is for texts whose label has no centre.
        case .distance: 2 * distanceOctaves + 3
        }
    }

    static func confidence(_ score: Double) -> Int {
        guard score.isFinite else { return 0 }
        return min(max(Int(score * Double(confidenceCount)), 0), confidenceCount - 1)
    }

    static func share(_ part: Int, of whole: Int) -> Int {
        let share = Double(part) / Double(max(whole, 1))
        return shareBounds.firstIndex { share <= $0 } ?? shareBounds.count
    }

    static func length(_ tokens: Int) -> Int { min(halfOctave(Double(max(tokens, 1))), lengthCount - 1) }

    static func distance(_ distance: Float?) -> Int {
        let last = 2 * distanceOctaves + 1
        guard let distance, distance.isFinite else { return last + 1 }
        guard distance > 0 else { return 0 }
        return min(max(halfOctave(Double(distance)) + 2 * (distanceOctaves - 1) + 1, 0), last)
    }

    /// Twice the logarithm to base 2, rounded down.
    private static func halfOctave(_ x: Double) -> Int {
        2 * Int(x.exponent) + (x.significand >= 2.0.squareRoot() ? 1 : 0)
    }
}
