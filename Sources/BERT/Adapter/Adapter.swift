import Files
import Kernels

/// One task's LoRA matrices, head and labels over one base: immutable, checked, ready for inference.
public final class Adapter: Sendable {
    /// Everything but the weights.
    public let manifest: AdapterManifest
    /// The labels, in the order of the logits.
    public var labels: [String] { manifest.labels }
    /// SHA-256 in hexadecimal over `manifest.canonicalJSON`, a line feed and `weights`.
    public let digest: String
    /// The base that it was loaded over. The view points to its biases.
    public let base: BERTBase
    /// The digest of this base.
    public var baseDigest: String { base.digest }
    /// The types in which this base computes; ``AdapterManifest/dataType`` is that of the training.
    public var baseDtype: String { base.dtype }
    /// The lowest encoder layer that it changes; the base's number of layers if it changes none.
    public var lowestLayer: Int { view.lowestLayer }

    let view: AdapterView
    let layout: AdapterLayout
    let values: FloatStorage
    /// Transposed B matrices and DoRA's factors, to which the view points too.
    private let derived: FloatStorage

    /// Checks weights against manifest and base.
    ///
    /// - Parameter weights: safetensors under PEFT's keys, or under those of a raw state dict.
    public convenience init(manifest: AdapterManifest, weights: [UInt8], base: BERTBase) throws(AdapterError) {
        try self.init(manifest: manifest, weights: weights, base: base, exclusions: TargetExclusions())
    }

    /// - Parameter exclusions: what PEFT's file takes out of the configuration's targets.
    init(
        manifest: AdapterManifest, weights: [UInt8], base: BERTBase, exclusions: TargetExclusions
    ) throws(AdapterError) {
        if let expected = manifest.baseDigest, expected != base.digest {
            throw .anotherBase(expected: expected, found: base.digest)
        }
        try manifest.check()
        let resolution = TargetResolution(
            configuration: manifest.configuration, names: base.names, exclusions: exclusions)
        let read = try Self.read(weights, resolution, base, labels: manifest.labels.count)
        var manifest = manifest
        manifest.configuration = read.configuration
        self.manifest = manifest
        layout = read.layout
        values = read.values
        (view, derived) = Self.inferenceView(read.layout, read.values, base)
        self.base = base
        digest = Self.digest(manifest, SafetensorsWriter.bytes(read.layout.named(read.values.pointer)))
    }

    /// Canonical safetensors bytes: float32, sorted by PEFT's keys. Computed at each call, so that no adapter keeps
    /// them.
    public var weights: [UInt8] { SafetensorsWriter.bytes(layout.named(values.pointer)) }

    /// SHA-256 in hexadecimal over the canonical manifest, a line feed and canonical weights.
    public static func digest(_ manifest: AdapterManifest, _ weights: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(manifest.canonicalJSON)
        hash.update([UInt8(ascii: "\n")])
        hash.update(weights)
        return hash.finalize().hexadecimal
    }

    /// The same weights under a changed manifest.
    public func with(_ change: (inout AdapterManifest) -> Void) throws(AdapterError) -> Adapter {
        var changed = manifest
        change(&changed)
        return try Adapter(manifest: changed, weights: weights, base: base)
    }

    /// The same adapter, with the same digest, over the same base in another precision.
    public func over(_ base: BERTBase) throws(AdapterError) -> Adapter {
        base === self.base ? self : try Adapter(manifest: manifest, weights: weights, base: base)
    }
}

// MARK: - Reading the weights

extension Adapter {
    private struct Content {
        let layout: AdapterLayout
        let values: FloatStorage
        let configuration: LoRAConfiguration
    }

    private static func read(
        _ weights: [UInt8], _ resolution: TargetResolution, _ base: BERTBase, labels: Int
    ) throws(AdapterError) -> Content {
        // The closure cannot throw a typed error through withUnsafeBytes, so it returns it.
        let result = weights.withUnsafeBytes { bytes -> Result<Content, AdapterError> in
            do throws(AdapterError) {
                let tensors = try adapterTensors(bytes)
                return .success(try read(tensors, resolution, base, labels: labels))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    static func adapterTensors(_ bytes: UnsafeRawBufferPointer) throws(AdapterError) -> AdapterTensors {
        let reader: SafetensorsReader
        do throws(SafetensorsError) { reader = try SafetensorsReader(bytes) } catch { throw .invalidWeights(error) }
        return try AdapterTensors(reader)
    }

    private static func read(
        _ tensors: AdapterTensors, _ resolution: TargetResolution, _ base: BERTBase, labels: Int
    ) throws(AdapterError) -> Content {
        let configuration = resolution.configuration
        let modules = try adaptedModules(tensors, resolution)
        var placed: [AdapterLayout.Module] = []
        for module in modules {
            let rank = try resolution.rank(module)
            let shape = base.names.shape(module.site)
            placed.append(
                AdapterLayout.Module(
                    module: module, rank: rank, scale: try resolution.scale(module, rank: rank), inputs: shape.inputs,
                    outputs: shape.outputs))
        }
        let hasBias = placed.contains {
            tensors.shape(AdapterLayout.key(base.names.name($0.module)) + ".base_layer.bias") != nil
        }
        let layout = AdapterLayout(
            modules: placed, labels: try headRows(tensors, labels: labels), useDoRA: configuration.useDoRA,
            bias: hasBias ? configuration.bias : .none, names: base.names)
        let known = Set(layout.tensors.map(\.name))
        for key in tensors.keys where !known.contains(key) { throw .unexpectedTensor(tensors.source(key)) }
        // Checked before memory is allocated, because a configuration may have any rank.
        for tensor in layout.tensors { try tensors.check(tensor) }
        let values = FloatStorage(count: layout.count)
        for tensor in layout.tensors { try tensors.copy(tensor, to: values.base) }
        return Content(
            layout: layout, values: values,
            configuration: canonical(resolution, modules: modules, hasBias: hasBias))
    }

    /// The modules that the configuration names, checked against those that have tensors.
    private static func adaptedModules(
        _ tensors: AdapterTensors, _ resolution: TargetResolution
    ) throws(AdapterError) -> [AdaptedModule] {
        let configured = try resolution.modules()
        func pair(_ module: AdaptedModule) -> [String] {
            let key = AdapterLayout.key(resolution.names.name(module))
            return [key + ".lora_A.weight", key + ".lora_B.weight"]
        }
        func tensor(_ module: AdaptedModule) -> String? { pair(module).first { tensors.shape($0) != nil } }
        for module in resolution.names.modules where !configured.contains(module) {
            if let key = tensor(module) { throw .unexpectedTensor(tensors.source(key)) }
        }
        let without = configured.filter { tensor($0) == nil }
        if let module = without.first {
            let reason = "the configuration adapts this layer"
            let whole = "the file has no LoRA matrices: nothing would be adapted"
            throw .missingTensor(pair(module)[0], reason: without.count < configured.count ? reason : whole)
        }
        return configured
    }

    /// The number of the head's rows, which must be that of the labels.
    private static func headRows(_ tensors: AdapterTensors, labels: Int) throws(AdapterError) -> Int {
        if let shape = tensors.shape(AdapterLayout.key("classifier.weight")), shape.count == 2, shape[0] != labels {
            throw .invalidLabels(reason: "the head has \(shape[0]) rows, but there are \(labels) labels")
        }
        return labels
    }

    /// The canonical configuration: lists are sorted, patterns and exclusions become names. Each adapter thus has one
    /// digest.
    private static func canonical(
        _ resolution: TargetResolution, modules: [AdaptedModule], hasBias: Bool
    ) -> LoRAConfiguration {
        var result = resolution.configuration
        let names = resolution.names
        if resolution.areExclusionsNeeded(for: modules) || result.targetPattern != nil
            || result.targets == ["all-linear"]
        {
            result.targets = modules.map(names.name)
            result.targetPattern = nil
            result.layers = nil
        }
        result.targets = Array(Set(result.targets.filter { !names.isHead($0) }.map(names.ownTarget))).sorted()
        result.layers = result.layers.map { Array(Set($0)).sorted() }
        if !hasBias { result.bias = .none }
        return result
    }
}

// MARK: - Laying out for inference

extension Adapter {
    private static func inferenceView(_ layout: AdapterLayout, _ values: FloatStorage, _ base: BERTBase) -> (
        AdapterView, FloatStorage
    ) {
        var view = AdapterView(layout: layout, values: values.pointer, base: base)
        let count = layout.modules.reduce(0) { $0 + $1.outputs * ($1.rank + ($1.magnitude == nil ? 0 : 1)) }
        let derived = FloatStorage(count: count)
        var next = derived.base
        var modules = layout.modules[...]
        view.forEachLinear { linear in
            for index in linear.targets.indices {
                guard let module = modules.popFirst() else { return }
                next = layOut(&linear.targets[index], module, linear.inputs, values, base, at: next)
            }
        }
        return (view, derived)
    }

    /// Writes the transposed B and, with DoRA, its factors to `place`. Returns the end.
    private static func layOut(
        _ target: inout LoRALinear.Target, _ module: AdapterLayout.Module, _ inputs: Int, _ values: FloatStorage,
        _ base: BERTBase,
        at place: UnsafeMutablePointer<Float>
    ) -> UnsafeMutablePointer<Float> {
        let (rank, outputs) = (module.rank, module.outputs)
        transpose(rows: outputs, columns: rank, x: target.b, xStride: rank, y: place, yStride: outputs)
        target.bTransposed = UnsafePointer(place)
        guard let magnitude = module.magnitude, let linear = base.linear(of: module.module) else {
            return place + rank * outputs
        }
        let factor = place + rank * outputs
        linear.withWeights { weights in
            doraFactors(
                module, weights: weights + target.columns.lowerBound * inputs, a: values.pointer + module.a,
                b: target.b,
                magnitude: values.pointer + magnitude, factor: factor)
        }
        for row in 0..<rank {
            for column in 0..<outputs { place[row * outputs + column] *= factor[column] }
        }
        target.factor = UnsafePointer(factor)
        return factor + outputs
    }

    /// magnitude / ‖W + scale·B·A‖ per row, which is fixed for an adapter that is not trained.
    private static func doraFactors(
        _ module: AdapterLayout.Module, weights: UnsafePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
        magnitude: UnsafePointer<Float>, factor: UnsafeMutablePointer<Float>
    ) {
        let sum = FloatStorage(count: module.outputs * module.inputs)
        sum.base.update(from: weights, count: sum.count)
        gemm(
            m: module.outputs, n: module.inputs, k: module.rank, alpha: module.scale, a: b, lda: module.rank, b: a,
            ldb: module.inputs,
            beta: 1, c: sum.base, ldc: module.inputs)
        for row in 0..<module.outputs {
            let norm = squaredNorm(count: module.inputs, x: sum.pointer + row * module.inputs).squareRoot()
            factor[row] = norm > 0 ? Float(Double(magnitude[row]) / norm) : 0
        }
    }
}
