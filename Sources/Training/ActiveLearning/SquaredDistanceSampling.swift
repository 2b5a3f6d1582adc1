import Kernels

/// Draws vectors with a probability proportional to their squared distance from the nearest one drawn before.
struct SquaredDistanceSampling {
    /// Per vector, the squared distance from the nearest drawn one; 0 for those drawn.
    private var nearest: [Double]

    init(count: Int) { nearest = Array(repeating: .infinity, count: count) }

    /// Notes a vector as drawn.
    ///
    /// - Parameter distances: squared distance of each vector from it; rounding may make them slightly negative.
    mutating func take(_ chosen: Int, distances: [Double]) {
        for place in nearest.indices { nearest[place] = min(nearest[place], max(distances[place], 0)) }
        nearest[chosen] = 0
    }

    /// The next vector; nil if all are drawn or equal to a drawn one.
    func next(_ random: inout SplitMix64) -> Int? {
        let total = nearest.reduce(0, +)
        guard total > 0, total.isFinite else { return nil }
        var target = Double(random.next() >> 11) * 0x1p-53 * total
        for (place, distance) in nearest.enumerated() where distance > 0 {
            target -= distance
            if target < 0 { return place }
        }
        return nearest.lastIndex { $0 > 0 }
    }
}
