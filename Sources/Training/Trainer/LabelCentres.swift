import BERT
import Threading

/// The mean pooled features of the texts of each label that an adapter does not have yet.
struct LabelCentres {
    /// By label, [hidden]. A label without texts has none.
    private(set) var centres: [String: [Float]] = [:]
    /// The mean of texts without a new label, [hidden]; zeros if there are none.
    private(set) var others: [Float]

    /// A mean needs no more texts than these: the first of a new label, and as many of all others.
    private static let texts = 128
    private static let batch = 8

    /// nil if the rows have no label that is new to the adapter.
    init?(adapter: Adapter, base: BERTBase, rows: TrainingRows, workers: Int) {
        let new = Set(rows.labels.indices.filter { !adapter.labels.contains(rows.labels[$0]) })
        var places: [Int: [Int]] = [:]
        var rest: [Int] = []
        for row in 0..<rows.targets.count {
            let labels = rows.targets.labels(of: row).filter(new.contains)
            for label in labels where places[label, default: []].count < Self.texts {
                places[label, default: []].append(row)
            }
            if labels.isEmpty { rest.append(row) }
        }
        guard !places.isEmpty else { return nil }
        // Spread, because files are often ordered by label.
        let step = max(1, rest.count / Self.texts)
        rest = stride(from: 0, to: rest.count, by: step).map { rest[$0] }
        let needed = Set(places.values.joined()).union(rest).sorted()
        let features = Self.features(of: needed, adapter: adapter, base: base, rows: rows, workers: workers)
        let hidden = base.configuration.hidden
        for (label, places) in places {
            centres[rows.labels[label]] = Self.mean(places.compactMap { features[$0] }, width: hidden)
        }
        others = Self.mean(rest.compactMap { features[$0] }, width: hidden)
    }

    /// By row.
    private static func features(
        of places: [Int], adapter: Adapter, base: BERTBase, rows: TrainingRows, workers: Int
    ) -> [Int: [Float]] {
        let batches = stride(from: 0, to: places.count, by: batch).map { Array(places[$0...].prefix(batch)) }
        let vectors = WorkerTeam.map(
            batches, count: workers, name: "features", keeping: { InferencePass(base: base) }
        ) { pass, batch in pass.pooledFeatures(rows.batch(batch), adapter: adapter) }
        return Dictionary(uniqueKeysWithValues: zip(places, vectors.joined()))
    }

    private static func mean(_ vectors: [[Float]], width: Int) -> [Float] {
        var sum = [Double](repeating: 0, count: width)
        for vector in vectors {
            for (place, value) in vector.enumerated() { sum[place] += Double(value) }
        }
        return sum.map { Float($0 / Double(max(vectors.count, 1))) }
    }
}

extension TextTargets {
    /// The places of a row's labels.
    fileprivate func labels(of row: Int) -> [Int] {
        switch self {
        case .classes(let classes): [classes[row]]
        case .sets(let sets): sets[row]
        }
    }
}
