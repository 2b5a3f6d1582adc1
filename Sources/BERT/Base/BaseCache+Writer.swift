import Files
import Kernels

extension BaseCache {
    /// Writes a base's weights. `Reader` reads them in the same order.
    struct Writer: ~Copyable {
        private let output: AtomicFile.Output
        private var hash = SHA256()

        init(_ output: AtomicFile.Output) { self.output = output }

        mutating func write(lines: [UInt8], _ weights: BERTBase.Weights) throws(FileError) {
            hash.update(lines)
            try output.write(lines)
            let hidden = weights.embeddings.norm.gamma.count
            if case .codes(let table) = weights.embeddings.words {
                try section(UnsafeRawBufferPointer(start: table.codes, count: table.scales.count * hidden))
                try floats(table.scales)
            }
            try floats(weights.embeddings.positions)
            if let type = weights.embeddings.type { try floats(type) }
            try norm(weights.embeddings.norm)
            for layer in weights.layers {
                try linear(layer.queryKeyValue)
                try linear(layer.attentionOutput)
                try norm(layer.attentionNorm)
                try linear(layer.intermediate)
                try linear(layer.output)
                try norm(layer.outputNorm)
            }
            if let pooler = weights.pooler { try linear(pooler) }
        }

        /// Ends the file with its checksum.
        consuming func seal() throws(FileError) {
            let output = output
            try output.write(hash.finalize().bytes)
        }

        private mutating func linear(_ linear: PackedLinear) throws(FileError) {
            switch linear.dataType {
            case .int8: for part in linear.quantizedParts { try section(part.bytes) }
            case .float32, .bfloat16:
                // Row by row: the kernels of another CPU may pack floats in another way.
                try linear.withWeights { (weight) throws(FileError) in
                    try section(UnsafeRawBufferPointer(start: weight, count: linear.outputs * linear.inputs * 4))
                }
            }
            try floats(linear.bias)
        }

        private mutating func norm(_ norm: NormWeights) throws(FileError) {
            try floats(norm.gamma)
            try floats(norm.beta)
        }

        private mutating func floats(_ storage: FloatStorage) throws(FileError) {
            try section(UnsafeRawBufferPointer(storage.buffer))
        }

        private mutating func section(_ content: UnsafeRawBufferPointer) throws(FileError) {
            let padding = [UInt8](repeating: 0, count: BaseCache.padding(after: content.count))
            hash.update(content)
            hash.update(padding)
            try output.write(content)
            if !padding.isEmpty { try output.write(padding) }
        }
    }
}
