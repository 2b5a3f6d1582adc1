import Kernels

/// Which texts to label next.
public enum SelectionStrategy: String, Sendable, CaseIterable {
    /// Any texts: what a strategy has to beat.
    case random
    /// The texts with the lowest margin. They may be alike.
    case margin
    /// Texts whose gradients are large and point in different directions (Ash et al., "Deep Batch Active Learning by
    /// Diverse, Uncertain Gradient Lower Bounds", 2020).
    case badge
    /// Of the texts with the lowest margin those that are least alike, see ``FarthestFirst``. It does not depend on the
    /// seed.
    case queue

    /// Texts per text to choose, among which ``queue`` chooses at most.
    public static let poolFactor = 5

    /// Chooses texts. The same seed chooses the same ones.
    ///
    /// - Returns: at most `limit` texts, each once, the one to label first at the start.
    public func select(_ limit: Int, from pool: CandidatePool, seed: UInt64) -> [Int] {
        let limit = min(max(limit, 0), pool.count)
        guard limit > 0 else { return [] }
        var random = SplitMix64(seed: seed)
        switch self {
        case .random: return Array((0..<pool.count).shuffled(using: &random).prefix(limit))
        case .margin: return Array(pool.byNeed().prefix(limit))
        case .badge: return GradientSampling(pool).select(limit, &random)
        case .queue: return Self.spread(limit, pool)
        }
    }

    /// Candidates that are alike teach the same: each choice is the one farthest from those before, where a text counts
    /// as the farther, the less certain the model is of it. Urgent texts count as those of which it is least certain.
    private static func spread(_ limit: Int, _ pool: CandidatePool) -> [Int] {
        // A choice of many texts per label has each kind anyway. Spread over more candidates, it would have texts of
        // which the model is more certain.
        let spare = (poolFactor - 1) * min(limit, pool.probabilities.columns)
        let candidates = Array(pool.byNeed().prefix(limit + spare))
        guard candidates.count > limit else { return candidates }
        let chosen = FarthestFirst(
            pool.features.selecting(candidates),
            weights: candidates.map { pool.isUrgent[$0] ? 1 : 1 - pool.margin($0) }
        ).select(limit).map { candidates[$0] }
        return chosen.filter { pool.isUrgent[$0] } + chosen.filter { !pool.isUrgent[$0] }
    }
}
