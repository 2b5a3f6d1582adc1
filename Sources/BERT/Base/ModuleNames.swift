/// The linear layers that an adapter can target, in forward order.
enum LinearSite: Int, CaseIterable, Sendable {
    case query, key, value, attentionOutput, intermediate, output
    /// The pooler above the encoder (BERT only).
    case pooler
}

/// One linear layer of the base.
struct AdaptedModule: Hashable, Sendable {
    /// The encoder layer; for the pooler, the number of layers.
    let layer: Int
    let site: LinearSite
}

/// transformers' names of the modules and weights of each architecture.
struct ModuleNames: Sendable {
    let configuration: BERTConfiguration

    /// The prefix of every module of the encoder, as in `bert.encoder…`.
    var prefix: String { configuration.architecture == .bert ? "bert." : "distilbert." }

    /// All linear layers that an adapter can target, in forward order.
    var modules: [AdaptedModule] {
        var modules: [AdaptedModule] = []
        for layer in 0..<configuration.layers {
            for site in LinearSite.allCases where site != .pooler {
                modules.append(AdaptedModule(layer: layer, site: site))
            }
        }
        if configuration.architecture == .bert {
            modules.append(AdaptedModule(layer: configuration.layers, site: .pooler))
        }
        return modules
    }

    /// A module's whole name, as in `bert.encoder.layer.0.attention.self.query`.
    func name(_ module: AdaptedModule) -> String { prefix + unprefixed(module) }

    /// The name without the architecture's prefix.
    func unprefixed(_ module: AdaptedModule) -> String {
        module.site == .pooler ? "pooler.dense" : layerPrefix(module.layer) + siteName(module.site)
    }

    func layerPrefix(_ layer: Int) -> String { unprefixedLayerList + ".\(layer)." }

    private var unprefixedLayerList: String {
        configuration.architecture == .bert ? "encoder.layer" : "transformer.layer"
    }

    /// The whole name of the list of encoder layers.
    var layerList: String { prefix + unprefixedLayerList }

    /// The whole names of all modules of the base: linear layers, embeddings, norms, and what they are parts of.
    var baseModules: Set<String> {
        let isBERT = configuration.architecture == .bert
        let tables =
            ["word_embeddings", "position_embeddings", "LayerNorm"] + (isBERT ? ["token_type_embeddings"] : [])
        let norms =
            isBERT ? ["attention.output.LayerNorm", "output.LayerNorm"] : ["sa_layer_norm", "output_layer_norm"]
        var leaves = modules.map(name) + tables.map { prefix + "embeddings." + $0 }
        for layer in 0..<configuration.layers { leaves += norms.map { prefix + layerPrefix(layer) + $0 } }
        var names: Set<String> = []
        for leaf in leaves {
            var name = leaf[...]
            while names.insert(String(name)).inserted, let dot = name.lastIndex(of: ".") { name = name[..<dot] }
        }
        return names
    }

    /// The part of a name after the layer's number.
    func siteName(_ site: LinearSite) -> String {
        switch (configuration.architecture, site) {
        case (.bert, .query): "attention.self.query"
        case (.bert, .key): "attention.self.key"
        case (.bert, .value): "attention.self.value"
        case (.bert, .attentionOutput): "attention.output.dense"
        case (.bert, .intermediate): "intermediate.dense"
        case (.bert, .output): "output.dense"
        case (.distilbert, .query): "attention.q_lin"
        case (.distilbert, .key): "attention.k_lin"
        case (.distilbert, .value): "attention.v_lin"
        case (.distilbert, .attentionOutput): "attention.out_lin"
        case (.distilbert, .intermediate): "ffn.lin1"
        case (.distilbert, .output): "ffn.lin2"
        case (_, .pooler): "pooler.dense"
        }
    }

    /// [outputs, inputs] of a module.
    func shape(_ site: LinearSite) -> (outputs: Int, inputs: Int) {
        switch site {
        case .intermediate: (configuration.intermediate, configuration.hidden)
        case .output: (configuration.hidden, configuration.intermediate)
        default: (configuration.hidden, configuration.hidden)
        }
    }

    /// The modules of the head, which an adapter contains whole.
    var headModules: [String] {
        configuration.architecture == .bert ? ["classifier"] : ["pre_classifier", "classifier"]
    }

    /// Whether a target names a module of the head.
    func isHead(_ target: String) -> Bool { headModules.contains(target) }

    /// This architecture's name (`q_lin`) of a target (`query`).
    func ownTarget(_ target: String) -> String {
        guard configuration.architecture == .distilbert else { return target }
        let own = [
            "query": "q_lin", "key": "k_lin", "value": "v_lin", "attention.output.dense": "out_lin",
            "intermediate.dense": "lin1",
            "output.dense": "lin2",
        ]
        return own[target] ?? target
    }

    /// Short names, for the error that a target is unknown.
    var knownTargets: [String] {
        configuration.architecture == .bert
            ? [
                "query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense", "dense",
                "all-linear",
            ]
            : ["q_lin", "k_lin", "v_lin", "out_lin", "lin1", "lin2", "all-linear"]
    }
}
