/// What PEFT's `adapter_config.json` takes out of the modules that its targets name.
struct TargetExclusions: Sendable {
    /// `exclude_modules`: names or their ends.
    var names: [String] = []
    /// The other form of `exclude_modules`, one regular expression over whole names.
    var pattern: String?
    /// `layers_pattern`: what the list is called whose layers `layers_to_transform` counts; empty: any name.
    var layerLists: [String] = []
}

/// Which linear layers a configuration adapts, with what rank and scale: PEFT's matching of names.
struct TargetResolution {
    let configuration: LoRAConfiguration
    let names: ModuleNames
    var exclusions = TargetExclusions()

    /// The modules that targets and layers name and nothing excludes, from below; at least one.
    ///
    /// - Throws: `AdapterError.unknownTarget` for a target that no linear layer has, `.invalidConfiguration` if nothing
    ///   is left.
    func modules() throws(AdapterError) -> [AdaptedModule] {
        let targeted = try targetedModules()
        let inLayers = try withoutOtherLayers(targeted)
        let modules = try withoutExcluded(inLayers)
        guard modules.isEmpty else { return modules }
        let (key, reason) = emptiness(targeted, inLayers)
        throw .invalidConfiguration(key: key, reason: reason + ": nothing would be adapted")
    }

    /// Whether the configuration alone, without exclusions, names more than these modules.
    func areExclusionsNeeded(for modules: [AdaptedModule]) -> Bool {
        (try? TargetResolution(configuration: configuration, names: names).modules()) != modules
    }

    /// PEFT's `all-linear` lists DistilBERT's `pre_classifier` too, but what is saved whole gets no low-rank pair: it
    /// is passed over.
    private func targetedModules() throws(AdapterError) -> [AdaptedModule] {
        if let pattern = configuration.targetPattern, pattern != "all-linear" {
            let expression = try NamePattern(whole: pattern, key: "target_modules")
            return names.modules.filter { expression.matches(names.name($0)) }
        }
        if configuration.targetPattern == "all-linear" || configuration.targets == ["all-linear"] {
            return names.modules
        }
        for target in configuration.targets
        where !names.isHead(target) && !names.modules.contains(where: { matches($0, target) }) {
            throw .unknownTarget(target, known: names.knownTargets)
        }
        return names.modules.filter { module in configuration.targets.contains { matches(module, $0) } }
    }

    private func matches(_ module: AdaptedModule, _ target: String) -> Bool {
        Self.isEnd(names.ownTarget(target), of: names.name(module))
    }

    private static func isEnd(_ end: String, of name: String) -> Bool { name == end || name.hasSuffix("." + end) }

    /// With `layers_to_transform`, what belongs to no layer (the pooler) is left out, as PEFT does.
    private func withoutOtherLayers(_ modules: [AdaptedModule]) throws(AdapterError) -> [AdaptedModule] {
        guard let layers = configuration.layers else { return modules }
        guard try isLayerListNamed() else { return [] }
        return modules.filter { $0.site != .pooler && layers.contains($0.layer) }
    }

    private func isLayerListNamed() throws(AdapterError) -> Bool {
        for name in exclusions.layerLists {
            if try NamePattern(ending: name, key: "layers_pattern").matches(names.layerList) { return true }
        }
        return exclusions.layerLists.isEmpty
    }

    private func withoutExcluded(_ modules: [AdaptedModule]) throws(AdapterError) -> [AdaptedModule] {
        let pattern = try exclusions.pattern.map { pattern throws(AdapterError) in
            try NamePattern(whole: pattern, key: "exclude_modules")
        }
        return modules.filter { module in
            let name = names.name(module)
            return pattern?.matches(name) != true && !exclusions.names.contains { Self.isEnd($0, of: name) }
        }
    }

    /// The key that leaves nothing to adapt, and why.
    private func emptiness(_ targeted: [AdaptedModule], _ inLayers: [AdaptedModule]) -> (key: String, reason: String) {
        if targeted.isEmpty {
            if configuration.targetPattern != nil {
                return ("target_modules", "the pattern matches no linear layer of this base")
            }
            return ("target_modules", configuration.targets.isEmpty ? "is empty" : "names only the head")
        }
        guard inLayers.isEmpty else { return ("exclude_modules", "excludes every layer that target_modules names") }
        let layers = configuration.layers ?? []
        if !layers.contains(where: (0..<names.configuration.layers).contains) {
            return ("layers_to_transform", "names none of this base's layers 0 to \(names.configuration.layers - 1)")
        }
        if (try? isLayerListNamed()) == false {
            return ("layers_pattern", "does not name this base's layers, which are in \(names.layerList)")
        }
        return ("target_modules", "names nothing in the layers of layers_to_transform")
    }

    func rank(_ module: AdaptedModule) throws(AdapterError) -> Int {
        try value(in: configuration.rankPattern, for: module, key: "rank_pattern") ?? configuration.rank
    }

    /// What the product B·A is multiplied by, for a module of the given rank.
    func scale(_ module: AdaptedModule, rank: Int) throws(AdapterError) -> Float {
        let alpha = try value(in: configuration.alphaPattern, for: module, key: "alpha_pattern") ?? configuration.alpha
        return Float(configuration.useRSLoRA ? alpha / Double(rank).squareRoot() : alpha / Double(rank))
    }

    /// The value of the one pattern that matches; PEFT takes the first in file order, which a JSON object does not
    /// keep.
    private func value<Value: Equatable>(
        in patterns: [String: Value], for module: AdaptedModule, key: String
    ) throws(AdapterError) -> Value? {
        var found: Value?
        for (pattern, value) in patterns where try NamePattern(ending: pattern, key: key).matches(names.name(module)) {
            if let found, found != value {
                throw .invalidConfiguration(
                    key: key, reason: "several patterns match \(names.name(module)) with different values")
            }
            found = value
        }
        return found
    }
}

extension TargetResolution {
    /// A regular expression on module names; plain names are compared without one.
    private struct NamePattern {
        private enum Form {
            case ending(String)
            case expression(Regex<AnyRegexOutput>)
        }

        private let form: Form

        /// The whole name must match.
        init(whole pattern: String, key: String) throws(AdapterError) {
            form = .expression(try Self.compile(pattern, key: key))
        }

        /// The name, or its end after a dot, must match.
        init(ending pattern: String, key: String) throws(AdapterError) {
            let isPlain = pattern.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: ".")
            }
            form = isPlain ? .ending(pattern) : .expression(try Self.compile("(.*\\.)?(\(pattern))", key: key))
        }

        private static func compile(_ pattern: String, key: String) throws(AdapterError) -> Regex<AnyRegexOutput> {
            guard pattern.utf8.count <= 1_000, let expression = try? Regex(pattern) else {
                throw .invalidConfiguration(key: key, reason: "is not a regular expression that Lorikeet supports")
            }
            return expression
        }

        func matches(_ name: String) -> Bool {
            switch form {
            case .ending(let end): name == end || name.hasSuffix("." + end)
            case .expression(let expression): (try? expression.wholeMatch(in: name)) != nil
            }
        }
    }
}
