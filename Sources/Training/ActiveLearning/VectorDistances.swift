import Kernels

/// Squared lengths of vectors, and squared distances between them.
enum VectorDistances {
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

    /// The squared distance of each vector from one of them; rounding may make it slightly negative.
    ///
    /// - Parameter lengths: the squared lengths of the vectors.
    static func squared(_ vectors: FeatureMatrix, _ lengths: [Double], from chosen: Int) -> [Double] {
        let products = products(vectors, vectors.selecting([chosen]))
        return lengths.indices.map { lengths[$0] + lengths[chosen] - 2 * Double(products[$0]) }
    }
}
