import Kernels

/// An adapter's updates of one encoder layer; nil where it has none.
struct LayerAdapter: Sendable {
    var queryKeyValue: LoRALinear?
    var attentionOutput: LoRALinear?
    var intermediate: LoRALinear?
    var output: LoRALinear?

    var isEmpty: Bool { queryKeyValue == nil && attentionOutput == nil && intermediate == nil && output == nil }
}

extension AdapterView {
    /// One linear layer of a head, by pointers into the adapter's buffer.
    ///
    /// `@unchecked Sendable` for the same reason as `LoRALinear`.
    struct HeadLinear: @unchecked Sendable {
        let inputs: Int
        let outputs: Int
        /// [outputs, inputs]
        let weight: UnsafePointer<Float>
        /// [outputs]
        let bias: UnsafePointer<Float>

        /// y[rows, outputs] = x[rows, inputs]·Wᵀ + b. The result of a row does not depend on the others.
        func forward(rows: Int, x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>) {
            // A head is as thin as a LoRA matrix: one row per label.
            lowRankDown(
                rows: rows, inputs: inputs, rank: outputs, x: x, xStride: xStride, a: weight, down: y,
                downStride: outputs)
            for row in 0..<rows { add(count: outputs, x: bias, y: y + row * outputs) }
        }
    }
}

/// An adapter as the passes read it: pointers into one flat buffer of values, by place of use.
struct AdapterView: Sendable {
    /// One for each encoder layer.
    private(set) var layers: [LayerAdapter]
    private(set) var pooler: LoRALinear?
    let preClassifier: HeadLinear?
    let classifier: HeadLinear
    let lowestLayer: Int

    init(layout: AdapterLayout, values: UnsafePointer<Float>, base: BERTBase) {
        layers = Array(repeating: LayerAdapter(), count: base.configuration.layers)
        lowestLayer = layout.lowestLayer
        preClassifier = layout.preClassifier.map { HeadLinear($0, values) }
        classifier = HeadLinear(layout.classifier, values)
        var start = 0
        while start < layout.modules.count {
            let first = layout.modules[start].module
            let group = layout.modules[start...].prefix {
                $0.module.layer == first.layer && $0.module.group == first.group
            }
            set(LoRALinear(group: Array(group), values: values, base: base), first)
            start += group.count
        }
    }

    private mutating func set(_ linear: LoRALinear, _ module: AdaptedModule) {
        switch module.group {
        case .queryKeyValue: layers[module.layer].queryKeyValue = linear
        case .attentionOutput: layers[module.layer].attentionOutput = linear
        case .intermediate: layers[module.layer].intermediate = linear
        case .output: layers[module.layer].output = linear
        case .pooler: pooler = linear
        }
    }

    /// Changes every update, to lay it out for inference.
    mutating func forEachLinear(_ body: (inout LoRALinear) -> Void) {
        for layer in layers.indices {
            Self.change(&layers[layer].queryKeyValue, body)
            Self.change(&layers[layer].attentionOutput, body)
            Self.change(&layers[layer].intermediate, body)
            Self.change(&layers[layer].output, body)
        }
        Self.change(&pooler, body)
    }

    private static func change(_ linear: inout LoRALinear?, _ body: (inout LoRALinear) -> Void) {
        guard var value = linear else { return }
        body(&value)
        linear = value
    }
}

extension AdapterView.HeadLinear {
    init(_ dense: AdapterLayout.Dense, _ values: UnsafePointer<Float>) {
        self.init(
            inputs: dense.inputs, outputs: dense.outputs, weight: values + dense.weight, bias: values + dense.bias)
    }
}

extension LoRALinear {
    /// The modules of one group, whose A matrices lie one below the other.
    init(group: [AdapterLayout.Module], values: UnsafePointer<Float>, base: BERTBase) {
        var targets: [Target] = []
        var rank = 0
        for module in group {
            let first =
                module.module.site == .key ? module.outputs : module.module.site == .value ? 2 * module.outputs : 0
            targets.append(
                Target(
                    columns: first..<first + module.outputs, ranks: rank..<rank + module.rank, scale: module.scale,
                    b: values + module.b, bTransposed: nil, bias: module.bias.map { values + $0 },
                    baseBias: base.bias(of: module.module) + first, factor: nil))
            rank += module.rank
        }
        self.init(inputs: group[0].inputs, rank: rank, a: values + group[0].a, targets: targets)
    }
}
