import Kernels

/// The shape of a matrix product c[rows, outputs] = x[rows, inputs] · W.
struct ProductShape: Hashable, Sendable {
    var rows: Int
    var outputs: Int
    var inputs: Int
    /// Whether W is stored as [outputs, inputs], as in a forward pass; else as [inputs, outputs].
    var isTransposed = true

    /// Multiplications and additions.
    var operations: Double { 2 * Double(rows) * Double(outputs) * Double(inputs) }
}

/// The rate at which BLAS alone computes given products: what `sgemm_fraction` is a fraction of.
enum SGEMMRate {
    /// The mean rate of one worker, in operations per second, while all workers run.
    ///
    /// - Parameters:
    ///   - shapes: the products of one round, repeated until the time is over.
    ///   - workers: threads that run at once, each with its own matrices and a single-threaded BLAS.
    static func measure(_ shapes: [ProductShape], workers: Int, seconds: Double) -> Double {
        WorkerRate.measure(workers: workers, name: "sgemm", seconds: seconds) {
            let products = shapes.map(Product.init)
            for product in products { product.run() }
            return {
                for product in products { product.run() }
                return products.reduce(0) { $0 + $1.shape.operations }
            }
        }
    }
}

extension SGEMMRate {
    /// One product with its matrices.
    private final class Product {
        let shape: ProductShape
        private var x: [Float]
        private var weight: [Float]
        private var result: [Float]

        init(_ shape: ProductShape) {
            self.shape = shape
            // The values do not change the speed as long as they are normal numbers.
            x = (0..<shape.rows * shape.inputs).map { Float($0 % 7) * 0.25 - 0.75 }
            weight = (0..<shape.outputs * shape.inputs).map { Float($0 % 5) * 0.125 - 0.25 }
            result = [Float](repeating: 0, count: shape.rows * shape.outputs)
        }

        func run() {
            let shape = shape
            x.withUnsafeBufferPointer { x in
                weight.withUnsafeBufferPointer { weight in
                    result.withUnsafeMutableBufferPointer { result in
                        guard let x = x.baseAddress, let weight = weight.baseAddress, let result = result.baseAddress
                        else {
                            return
                        }
                        gemm(
                            m: shape.rows, n: shape.outputs, k: shape.inputs, a: x, lda: shape.inputs,
                            b: weight, ldb: shape.isTransposed ? shape.inputs : shape.outputs,
                            transposeB: shape.isTransposed, c: result, ldc: shape.outputs)
                    }
                }
            }
        }
    }
}
