import Kernels

/// BADGE: k-means++ over the gradients that the last layer would get if the model's own answer were right.
///
/// The gradient of a text is (p − y) ⊗ x: its probabilities minus the answer, times its features. Two such products
/// have the scalar product ⟨a, b⟩·⟨x, z⟩, so that the gradients, of labels × features numbers, are never formed.
struct GradientSampling {
    private let features: FeatureMatrix
    /// p − y, [texts, labels]
    private let errors: FeatureMatrix
    private let squaredLengths: [Double]

    init(_ pool: CandidatePool) {
        features = pool.features
        let labels = pool.probabilities.columns
        var values = pool.probabilities.values
        for text in 0..<pool.count {
            let row = text * labels..<(text + 1) * labels
            if pool.isMultiLabel {
                for place in row where values[place] >= 0.5 { values[place] -= 1 }
            } else if let best = row.max(by: { values[$0] < values[$1] }) {
                values[best] -= 1
            }
        }
        errors = FeatureMatrix(columns: labels, values: values)
        squaredLengths = zip(VectorDistances.squaredLengths(features), VectorDistances.squaredLengths(errors)).map {
            $0 * $1
        }
    }

    func select(_ limit: Int, _ random: inout SplitMix64) -> [Int] {
        guard let first = squaredLengths.indices.max(by: { squaredLengths[$0] < squaredLengths[$1] }) else { return [] }
        var draw = SquaredDistanceSampling(count: squaredLengths.count)
        var chosen = [first]
        draw.take(first, distances: distances(to: first))
        while chosen.count < limit, let next = draw.next(&random) {
            chosen.append(next)
            draw.take(next, distances: distances(to: next))
        }
        // Equal texts have equal gradients.
        let known = Set(chosen)
        return chosen + squaredLengths.indices.filter { !known.contains($0) }.prefix(limit - chosen.count)
    }

    private func distances(to chosen: Int) -> [Double] {
        let along = VectorDistances.products(features, features.selecting([chosen]))
        let alike = VectorDistances.products(errors, errors.selecting([chosen]))
        return squaredLengths.indices.map {
            squaredLengths[$0] + squaredLengths[chosen] - 2 * Double(along[$0]) * Double(alike[$0])
        }
    }
}

extension GradientSampling {
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
}
