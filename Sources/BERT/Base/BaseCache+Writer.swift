import Files
import Kernels

extension BaseCache {
    /// Lays out a base's weights. `Reader` reads them in the same order.
    struct Writer {
        private(set) var bytes: [UInt8]

        init(lines: [UInt8]) { bytes = lines }

        mutating func write(_ weights: BERTBase.Weights) {
            let hidden = weights.embeddings.norm.gamma.count
            if case .codes(let table) = weights.embeddings.words {
                section(UnsafeRawBufferPointer(start: table.codes, count: table.scales.count * hidden))
                floats(table.scales)
            }
            floats(weights.embeddings.positions)
            if let type = weights.embeddings.type { floats(type) }
            norm(weights.embeddings.norm)
            for layer in weights.layers {
                linear(layer.queryKeyValue)
                linear(layer.attentionOutput)
                norm(layer.attentionNorm)
                linear(layer.intermediate)
                linear(layer.output)
                norm(layer.outputNorm)
            }
            if let pooler = weights.pooler { linear(pooler) }
        }

        /// Ends the file with its checksum.
        mutating func seal() { bytes += SHA256.hash(bytes).bytes }

        private mutating func linear(_ linear: PackedLinear) {
            switch linear.dataType {
            case .int8: for part in linear.quantizedParts { section(part.bytes) }
            case .float32, .bfloat16:
                // Row by row: the kernels of another CPU may pack floats in another way.
                linear.withWeights { weight in
                    section(UnsafeRawBufferPointer(start: weight, count: linear.outputs * linear.inputs * 4))
                }
            }
            floats(linear.bias)
        }

        private mutating func norm(_ norm: NormWeights) {
            floats(norm.gamma)
            floats(norm.beta)
        }

        private mutating func floats(_ storage: FloatStorage) { section(UnsafeRawBufferPointer(storage.buffer)) }

        private mutating func section(_ content: UnsafeRawBufferPointer) {
            bytes.append(contentsOf: content)
            bytes.append(contentsOf: repeatElement(0, count: BaseCache.padding(after: content.count)))
        }
    }
}
