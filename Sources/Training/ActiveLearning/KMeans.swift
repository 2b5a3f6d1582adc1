import Kernels

/// Groups vectors around centres: Lloyd's algorithm from the centres of k-means++ (Arthur and Vassilvitskii, 2007).
enum KMeans {
    private static let iterations = 10

    /// The cluster of each vector. Clusters may be empty.
    static func clusters(_ vectors: FeatureMatrix, count: Int, _ random: inout SplitMix64) -> [Int] {
        guard vectors.rows > 0, count > 0 else { return [] }
        var draw = SquaredDistanceSampling(count: vectors.rows)
        let first = random.below(vectors.rows)
        let lengths = squaredLengths(vectors)
        var seeds = [first]
        draw.take(first, distances: distances(vectors, lengths, to: first))
        while seeds.count < min(count, vectors.rows), let next = draw.next(&random) {
            seeds.append(next)
            draw.take(next, distances: distances(vectors, lengths, to: next))
        }
        var centres = vectors.selecting(seeds)
        var clusters = nearest(vectors, centres)
        for _ in 0..<iterations {
            centres = means(vectors, clusters, centres)
            let next = nearest(vectors, centres)
            if next == clusters { break }
            clusters = next
        }
        return clusters
    }

    static func squaredLengths(_ vectors: FeatureMatrix) -> [Double] {
        (0..<vectors.rows).map { row in
            vectors[row].withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { squaredNorm(count: buffer.count, x: $0) } ?? 0
            }
        }
    }

    /// ⟨x, y⟩ of each vector x and each vector y, [vectors, others].
    static func products(_ vectors: FeatureMatrix, _ others: FeatureMatrix) -> [Float] {
        [Float](unsafeUninitializedCapacity: vectors.rows * others.rows) { buffer, count in
            count = vectors.rows * others.rows
            vectors.values.withUnsafeBufferPointer { x in
                others.values.withUnsafeBufferPointer { y in
                    guard let x = x.baseAddress, let y = y.baseAddress, let result = buffer.baseAddress else { return }
                    gemm(
                        m: vectors.rows, n: others.rows, k: vectors.columns, a: x, lda: vectors.columns, b: y,
                        ldb: others.columns, transposeB: true, c: result, ldc: others.rows)
                }
            }
        }
    }

    private static func distances(_ vectors: FeatureMatrix, _ lengths: [Double], to chosen: Int) -> [Double] {
        let products = products(vectors, vectors.selecting([chosen]))
        return lengths.indices.map { lengths[$0] + lengths[chosen] - 2 * Double(products[$0]) }
    }

    /// The nearest centre of each vector; of equally near ones the first.
    private static func nearest(_ vectors: FeatureMatrix, _ centres: FeatureMatrix) -> [Int] {
        let products = products(vectors, centres)
        let lengths = squaredLengths(centres).map(Float.init)
        return (0..<vectors.rows).map { row in
            var (best, least) = (0, Float.infinity)
            for centre in 0..<centres.rows {
                let distance = lengths[centre] - 2 * products[row * centres.rows + centre]
                if distance < least { (best, least) = (centre, distance) }
            }
            return best
        }
    }

    /// The mean of each cluster; an empty one keeps its centre.
    private static func means(_ vectors: FeatureMatrix, _ clusters: [Int], _ centres: FeatureMatrix) -> FeatureMatrix {
        let columns = vectors.columns
        var sums = [Float](repeating: 0, count: centres.rows * columns)
        var sizes = [Int](repeating: 0, count: centres.rows)
        for (row, cluster) in clusters.enumerated() {
            sizes[cluster] += 1
            for column in 0..<columns { sums[cluster * columns + column] += vectors.values[row * columns + column] }
        }
        for cluster in 0..<centres.rows {
            for column in 0..<columns {
                let place = cluster * columns + column
                sums[place] = sizes[cluster] > 0 ? sums[place] / Float(sizes[cluster]) : centres.values[place]
            }
        }
        return FeatureMatrix(columns: columns, values: sums)
    }
}
