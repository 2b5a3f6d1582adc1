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
    /// The texts with the lowest margin, spread over clusters: of each cluster the one that needs its label most
    /// (after Zhdanov, "Diverse mini-batch Active Learning", 2019).
    case queue

    /// Texts per text to choose, among which ``queue`` forms its clusters.
    public static let poolFactor = 10

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
        case .queue: return Self.spread(limit, pool, &random)
        }
    }

    private static func spread(_ limit: Int, _ pool: CandidatePool, _ random: inout SplitMix64) -> [Int] {
        let candidates = Array(pool.byNeed().prefix(limit * poolFactor))
        guard candidates.count > limit else { return candidates }
        let clusters = KMeans.clusters(pool.features.selecting(candidates), count: limit, &random)
        // Candidates are in the order of their need: the first of each cluster is its choice.
        var seen: Set<Int> = []
        var chosen: [Int] = []
        var rest: [Int] = []
        for (place, candidate) in candidates.enumerated() {
            if seen.insert(clusters[place]).inserted { chosen.append(candidate) } else { rest.append(candidate) }
        }
        // Equal vectors leave clusters empty.
        return chosen + rest.prefix(limit - chosen.count)
    }
}
