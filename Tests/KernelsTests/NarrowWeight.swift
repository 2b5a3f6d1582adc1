import Kernels

/// A weight of few bits that multiplies rows of as few.
protocol NarrowWeight: Sendable {
    /// Finite activations that it takes for infinite ones.
    static var overflowing: [Float] { get }

    /// - Parameter weight: [outputs, inputs].
    static func packed(_ weight: [Float], inputs: Int, outputs: Int) throws -> Self

    /// The product with `x` [rows, inputs], by the name of each set of instructions that this CPU has.
    func products(_ x: [Float], bias: [Float]?) -> [String: [Float]]
}

extension NarrowWeight {
    func products(_ x: [Float]) -> [String: [Float]] { products(x, bias: nil) }
}

extension BFloat16Weight: NarrowWeight {
    static var overflowing: [Float] { [.greatestFiniteMagnitude] }

    static func packed(_ weight: [Float], inputs: Int, outputs: Int) throws -> BFloat16Weight {
        try BFloat16Weight(inputs: inputs, outputs: outputs, weight: weight)
    }

    func products(_ x: [Float], bias: [Float]?) -> [String: [Float]] {
        let rows = BFloat16Memory(x, columns: inputs)
        return Dictionary(
            uniqueKeysWithValues: availableBFloat16Instructions.map {
                ($0.name, bfloat16Product(rows, self, bias: bias, instructions: $0))
            })
    }
}

extension QuantizedWeight: NarrowWeight {
    static var overflowing: [Float] { [] }

    static func packed(_ weight: [Float], inputs: Int, outputs: Int) throws -> QuantizedWeight {
        try QuantizedWeight(inputs: inputs, outputs: outputs, weight: weight)
    }

    func products(_ x: [Float], bias: [Float]?) -> [String: [Float]] {
        let rows = QuantizedMemory(x, columns: inputs)
        return Dictionary(
            uniqueKeysWithValues: availableInstructions.map {
                ($0.name, quantizedProduct(rows, self, bias: bias, instructions: $0))
            })
    }
}
