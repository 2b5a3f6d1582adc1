import Foundation
import Kernels
import Synchronization

/// A matrix product c[rows, outputs] = x[rows, inputs] · W, as often as it occurs beside the others.
public struct ProductShape: Hashable, Sendable {
    var rows: Int
    var outputs: Int
    var inputs: Int
    /// Whether W is stored as [outputs, inputs], as in a forward pass; else as [inputs, outputs].
    var isTransposed = true

    /// Multiplications and additions.
    var operations: Double { 2 * Double(rows) * Double(outputs) * Double(inputs) }
}

/// The rate at which BLAS alone does given products: the yardstick of `sgemm_fraction`.
public enum SGEMMRate {
    /// Operations a second of one worker, while as many workers as given run at once, each single-threaded on its own matrices.
    public static func measure(_ shapes: [ProductShape], workers: Int, seconds: Double) -> Double {
        let rates = Mutex<[Double]>([])
        let finished = DispatchGroup()
        for _ in 0..<workers {
            finished.enter()
            let thread = Thread {
                let rate = run(shapes, seconds: seconds)
                rates.withLock { $0.append(rate) }
                finished.leave()
            }
            thread.start()
        }
        finished.wait()
        return rates.withLock { $0.reduce(0, +) / Double(max($0.count, 1)) }
    }

    private static func run(_ shapes: [ProductShape], seconds: Double) -> Double {
        let products = shapes.map(Product.init)
        for product in products { product.run() }
        var operations = 0.0
        let start = ContinuousClock.now
        var elapsed = 0.0
        repeat {
            for product in products {
                product.run()
                operations += product.shape.operations
            }
            elapsed = (ContinuousClock.now - start).inSeconds
        } while elapsed < seconds
        return operations / elapsed
    }
}

/// One product with its matrices.
private final class Product {
    let shape: ProductShape
    private var x: [Float]
    private var weight: [Float]
    private var result: [Float]

    init(_ shape: ProductShape) {
        self.shape = shape
        // Values do not matter to the speed as long as they are normal numbers.
        x = (0..<shape.rows * shape.inputs).map { Float($0 % 7) * 0.25 - 0.75 }
        weight = (0..<shape.outputs * shape.inputs).map { Float($0 % 5) * 0.125 - 0.25 }
        result = [Float](repeating: 0, count: shape.rows * shape.outputs)
    }

    func run() {
        let shape = shape
        x.withUnsafeBufferPointer { x in
            weight.withUnsafeBufferPointer { weight in
                result.withUnsafeMutableBufferPointer { result in
                    guard let x = x.baseAddress, let weight = weight.baseAddress, let result = result.baseAddress else {
                        return
                    }
                    gemm(
                        m: shape.rows, n: shape.outputs, k: shape.inputs, a: x, lda: shape.inputs,
                        b: weight, ldb: shape.isTransposed ? shape.inputs : shape.outputs,
                        transposeB: shape.isTransposed,
                        c: result, ldc: shape.outputs)
                }
            }
        }
    }
}
