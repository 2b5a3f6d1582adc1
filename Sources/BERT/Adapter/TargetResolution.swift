/// Which linear layers a configuration adapts, with what rank and scale: PEFT's matching of names.
struct TargetResolution {
    let configuration: LoRAConfiguration
    let names: ModuleNames

    /// The modules that `targets`, `targetPattern` and `layers` name, from below.
    ///
    /// PEFT's `all-linear` lists DistilBERT's `pre_classifier` too, but what is saved whole gets no low-rank pair: it is passed over.
    ///
    /// - Throws: `AdapterError.unknownTarget` for a target that no linear layer has.
    func modules() throws(AdapterError) -> [AdaptedModule] {
        if let pattern = configuration.targetPattern, pattern != "all-linear" {
            let expression = try NamePattern(whole: pattern, key: "target_modules")
            return names.modules.filter { expression.matches(names.name($0)) }
        }
        if configuration.targetPattern == "all-linear" || configuration.targets == ["all-linear"] {
            return names.modules.filter { isInLayers($0) }
        }
        for target in configuration.targets where !names.isHead(target) && !names.modules.contains(where: { matches($0, target) }) {
            throw .unknownTarget(target, known: names.knownTargets)
        }
        return names.modules.filter { module in
            isInLayers(module) && configuration.targets.contains { matches(module, $0) }
        }
    }

    private func matches(_ module: AdaptedModule, _ target: String) -> Bool {
        let name = names.name(module)
        let target = names.ownTarget(target)
        return name == target || name.hasSuffix("." + target)
    }

    /// With `layers_to_transform`, what belongs to no layer (the pooler) is left out, as PEFT does.
    private func isInLayers(_ module: AdaptedModule) -> Bool {
        guard let layers = configuration.layers else { return true }
        return module.site != .pooler && layers.contains(module.layer)
    }

    func rank(_ module: AdaptedModule) throws(AdapterError) -> Int {
        try value(in: configuration.rankPattern, for: module, key: "rank_pattern") ?? configuration.rank
    }

    /// What the product B·A is multiplied by, for a module of the given rank.
    func scale(_ module: AdaptedModule, rank: Int) throws(AdapterError) -> Float {
        let alpha = try value(in: configuration.alphaPattern, for: module, key: "alpha_pattern") ?? configuration.alpha
        return Float(configuration.useRSLoRA ? alpha / Double(rank).squareRoot() : alpha / Double(rank))
    }

    /// The value of the one pattern that matches; PEFT takes the first in file order, which a JSON object does not keep.
    private func value<Value: Equatable>(
        in patterns: [String: Value], for module: AdaptedModule, key: String
    ) throws(AdapterError) -> Value? {
        var found: Value?
        for (pattern, value) in patterns where try NamePattern(ending: pattern, key: key).matches(names.name(module)) {
            if let found, found != value {
                throw .invalidConfiguration(key: key, reason: "several patterns match \(names.name(module)) with different values")
            }
            found = value
        }
        return found
    }
}

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
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        form = isPlain ? .ending(pattern) : .expression(try Self.compile("(.*\\.)?(\(pattern))", key: key))
    }

    private static func compile(_ pattern: String, key: String) throws(AdapterError) -> Regex<AnyRegexOutput> {
        guard pattern.utf8.count <= 1_000, let expression = try? Regex(pattern) else {
            throw .invalidConfiguration(key: key, reason: "is no regular expression that can be used")
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
