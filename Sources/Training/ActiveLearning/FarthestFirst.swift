/// Spreads a choice over vectors: each is the one that is farthest from those chosen before, by its squared distance
/// from the nearest of them times its weight (after Gonzalez, "Clustering to minimize the maximum intercluster
/// distance", 1985).
///
/// It chooses as well as one text per cluster of the candidates does, without the random start of clusters, and a text
/// that is unlike all others is not chosen if the model is certain of it.
struct FarthestFirst {
    private let vectors: FeatureMatrix
    private let lengths: [Double]
    private let weights: [Double]

    /// - Parameter weights: one per vector, not negative.
    init(_ vectors: FeatureMatrix, weights: [Double]) {
        (self.vectors, self.weights) = (vectors, weights)
        lengths = VectorDistances.squaredLengths(vectors)
    }

    /// The places of the chosen vectors, in the order of the choice. The first vector is always chosen; of equally far
    /// ones the one before. Vectors equal to a chosen one come last.
    func select(_ limit: Int) -> [Int] {
        guard limit > 0, vectors.rows > 0 else { return [] }
        var nearest = [Double](repeating: .infinity, count: vectors.rows)
        var isChosen = [Bool](repeating: false, count: vectors.rows)
        var chosen: [Int] = []
        var next: Int? = 0
        while let place = next, chosen.count < limit {
            chosen.append(place)
            isChosen[place] = true
            let distances = VectorDistances.squared(vectors, lengths, from: place)
            var (best, largest): (Int?, Double) = (nil, -1)
            for other in nearest.indices where !isChosen[other] {
                nearest[other] = min(nearest[other], max(distances[other], 0))
                let score = nearest[other] * weights[other]
                if score > largest { (best, largest) = (other, score) }
            }
            next = best
        }
        return chosen
    }
}
