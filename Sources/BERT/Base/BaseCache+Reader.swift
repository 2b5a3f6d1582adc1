import Files
import Kernels

extension BaseCache {
    /// Reads what `Writer` wrote. The integers stay where they are in the file's memory, the floats are copied.
    ///
    /// Throws `damaged` if the sections do not have the expected sizes.
    struct Reader {
        let file: FileContents
        /// What is left of the sections.
        var range: Range<Int>
        let configuration: BERTConfiguration
        let precision: BasePrecision
        private var hidden: Int { configuration.hidden }

        init(file: FileContents, range: Range<Int>, configuration: BERTConfiguration, precision: BasePrecision) {
            (self.file, self.range) = (file, range)
            (self.configuration, self.precision) = (configuration, precision)
        }

        mutating func weights(digest: String) throws(QuantizedWeight.Failure) -> BERTBase.Weights {
            let embeddings = try embeddings()
            var layers: [EncoderLayerWeights] = []
            for layer in 0..<configuration.layers { layers.append(try self.layer(layer)) }
            var pooler: PackedLinear?
            if configuration.architecture == .bert { pooler = try linear(configuration.layers, .pooler) }
            guard range.isEmpty else { throw .damaged }
            return BERTBase.Weights(embeddings: embeddings, layers: layers, pooler: pooler, digest: digest)
        }

        private mutating func embeddings() throws(QuantizedWeight.Failure) -> EmbeddingWeights {
            let codes = try section(configuration.vocabulary * hidden)
            let table = WordEmbeddings.QuantizedTable(
                codes: codes.assumingMemoryBound(to: Int8.self), scales: try floats(configuration.vocabulary),
                owner: file)
            return EmbeddingWeights(
                words: .codes(table), positions: try floats(configuration.positions * hidden),
                type: configuration.tokenTypes > 0 ? try floats(hidden) : nil, norm: try norm())
        }

        private mutating func layer(_ layer: Int) throws(QuantizedWeight.Failure) -> EncoderLayerWeights {
            EncoderLayerWeights(
                queryKeyValue: try linear(layer, .query, parts: 3),
                attentionOutput: try linear(layer, .attentionOutput), attentionNorm: try norm(),
                intermediate: try linear(layer, .intermediate), output: try linear(layer, .output),
                outputNorm: try norm())
        }

        /// The linear layer of this site, or that begins with it.
        private mutating func linear(
            _ layer: Int, _ site: LinearSite, parts: Int = 1
        ) throws(QuantizedWeight.Failure) -> PackedLinear {
            let (width, inputs) = ModuleNames(configuration: configuration).shape(site)
            let group = AdaptedModule(layer: layer, site: site).group
            let dataType = precision.dataType(of: BasePrecision.Place(layer: layer, group: group))
            guard dataType == .int8 else {
                let weight = try floats(parts * width * inputs)
                let bias = try floats(parts * width)
                do throws(PackedLinear.Failure) {
                    return try PackedLinear(
                        inputs: inputs, outputs: parts * width, parts: parts, weight: weight, bias: bias,
                        dataType: dataType)
                } catch {
                    throw .damaged
                }
            }
            var weights: [QuantizedWeight] = []
            for _ in 0..<parts {
                let count = QuantizedWeight.byteCount(inputs: inputs, outputs: width)
                let bytes = UnsafeRawBufferPointer(start: try section(count), count: count)
                weights.append(try QuantizedWeight(inputs: inputs, outputs: width, bytes: bytes, owner: file))
            }
            return PackedLinear(parts: weights, inputs: inputs, partWidth: width, bias: try floats(parts * width))
        }

        private mutating func norm() throws(QuantizedWeight.Failure) -> NormWeights {
            NormWeights(gamma: try floats(hidden), beta: try floats(hidden))
        }

        private mutating func floats(_ count: Int) throws(QuantizedWeight.Failure) -> FloatStorage {
            let storage = FloatStorage(count: count)
            UnsafeMutableRawBufferPointer(storage.buffer).copyMemory(
                from: UnsafeRawBufferPointer(start: try section(4 * count), count: 4 * count))
            return storage
        }

        private mutating func section(_ count: Int) throws(QuantizedWeight.Failure) -> UnsafeRawPointer {
            let end = range.lowerBound + count + BaseCache.padding(after: count)
            guard end <= range.upperBound, let start = file.bytes.baseAddress else { throw .damaged }
            defer { range = end..<range.upperBound }
            return start + range.lowerBound
        }
    }
}
