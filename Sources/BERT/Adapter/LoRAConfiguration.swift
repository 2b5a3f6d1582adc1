/// The hyper-parameters of a LoRA adapter, as in PEFT's `adapter_config.json`.
///
/// Encodes and decodes under PEFT's keys: as that file's content, without the fixed keys that `PEFTConfiguration` adds,
/// and as a part of the manifest.
public struct LoRAConfiguration: Sendable, Equatable {
    /// Which biases the adapter has.
    public enum Bias: String, Sendable, Codable, CaseIterable {
        case none
        /// The biases of the adapted layers.
        case loraOnly = "lora_only"
    }

    /// The first values of A (PEFT's `init_lora_weights`). B starts at zero, so a new adapter changes nothing.
    public enum Initialization: String, Sendable, Codable, CaseIterable {
        /// Uniform in ±1/√inputs: PEFT's default, `true`.
        case kaiming
        /// Normal with σ = 1/rank: PEFT's `gaussian`.
        case gaussian
    }

    /// The inner width of A and B.
    public var rank: Int
    /// The update is scaled by alpha / rank (alpha / √rank with `useRSLoRA`).
    public var alpha: Double
    /// Dropout on the adapters' inputs in training.
    public var dropout: Double
    /// The linear layers to adapt, by the ends of their names, as in PEFT's `target_modules`. `query`, `key` and
    /// `value` also name those of DistilBERT.
    public var targets: [String]
    /// The other form of `target_modules`: a regular expression over whole names. `targets` is then empty.
    public var targetPattern: String?
    /// The encoder layers to adapt (`layers_to_transform`); nil for all.
    public var layers: [Int]?
    /// Whether to scale by alpha / √rank (Kalajdzievski, "A Rank Stabilization Scaling Factor for Fine-Tuning with
    /// LoRA", 2023).
    public var useRSLoRA: Bool
    /// Ranks of single layers, by regular expressions on the ends of their names.
    public var rankPattern: [String: Int]
    /// Alphas of single layers, likewise.
    public var alphaPattern: [String: Double]
    /// The biases that are trained.
    public var bias: Bias
    /// Whether to train magnitudes apart from directions (Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation",
    /// 2024).
    public var useDoRA: Bool
    /// The first values of A.
    public var initialization: Initialization

    /// A configuration with PEFT's defaults for what is left out.
    public init(
        rank: Int = 8, alpha: Double = 16, dropout: Double = 0, targets: [String] = ["query", "value"],
        targetPattern: String? = nil,
        layers: [Int]? = nil, useRSLoRA: Bool = false, rankPattern: [String: Int] = [:],
        alphaPattern: [String: Double] = [:],
        bias: Bias = .none, useDoRA: Bool = false, initialization: Initialization = .kaiming
    ) {
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.targets = targets
        self.targetPattern = targetPattern
        self.layers = layers
        self.useRSLoRA = useRSLoRA
        self.rankPattern = rankPattern
        self.alphaPattern = alphaPattern
        self.bias = bias
        self.useDoRA = useDoRA
        self.initialization = initialization
    }
}

extension LoRAConfiguration: Codable {
    private enum CodingKeys: String, CodingKey {
        case rank = "r"
        case alpha = "lora_alpha"
        case dropout = "lora_dropout"
        case targets = "target_modules"
        case layers = "layers_to_transform"
        case useRSLoRA = "use_rslora"
        case rankPattern = "rank_pattern"
        case alphaPattern = "alpha_pattern"
        case bias
        case useDoRA = "use_dora"
        case initialization = "init_lora_weights"
    }

    /// Reads PEFT's keys. Those that PEFT may leave out have PEFT's defaults.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        rank = try values.decode(Int.self, forKey: .rank)
        alpha = try values.decodeIfPresent(Double.self, forKey: .alpha) ?? 8
        dropout = try values.decodeIfPresent(Double.self, forKey: .dropout) ?? 0
        if let pattern = try? values.decode(String.self, forKey: .targets) {
            (targets, targetPattern) = ([], pattern)
        } else {
            // PEFT's own default over BERT and DistilBERT.
            (targets, targetPattern) = (
                try values.decodeIfPresent([String].self, forKey: .targets) ?? ["query", "value"], nil
            )
        }
        if let layer = try? values.decode(Int.self, forKey: .layers) {
            layers = [layer]
        } else {
            let list = try values.decodeIfPresent([Int].self, forKey: .layers) ?? []
            layers = list.isEmpty ? nil : list
        }
        useRSLoRA = try values.decodeIfPresent(Bool.self, forKey: .useRSLoRA) ?? false
        rankPattern = try values.decodeIfPresent([String: Int].self, forKey: .rankPattern) ?? [:]
        alphaPattern = try values.decodeIfPresent([String: Double].self, forKey: .alphaPattern) ?? [:]
        bias = try values.decodeIfPresent(Bias.self, forKey: .bias) ?? .none
        useDoRA = try values.decodeIfPresent(Bool.self, forKey: .useDoRA) ?? false
        // PEFT has true, false and names here; of what this program makes itself only one is a name.
        let start = try? values.decode(String.self, forKey: .initialization)
        initialization = start.flatMap { Initialization(rawValue: $0.lowercased()) } ?? .kaiming
    }

    /// Writes PEFT's keys.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(rank, forKey: .rank)
        try values.encode(alpha, forKey: .alpha)
        try values.encode(dropout, forKey: .dropout)
        if let targetPattern {
            try values.encode(targetPattern, forKey: .targets)
        } else {
            try values.encode(targets, forKey: .targets)
        }
        try values.encode(layers, forKey: .layers)
        try values.encode(useRSLoRA, forKey: .useRSLoRA)
        try values.encode(rankPattern, forKey: .rankPattern)
        try values.encode(alphaPattern, forKey: .alphaPattern)
        try values.encode(bias, forKey: .bias)
        try values.encode(useDoRA, forKey: .useDoRA)
        if initialization == .gaussian { try values.encode(initialization, forKey: .initialization) }
    }
}

extension LoRAConfiguration {
    /// Refuses numbers that no adapter can have.
    func check() throws(AdapterError) {
        for rank in [rank] + rankPattern.values where !(1...4_096).contains(rank) {
            throw .invalidConfiguration(key: "r", reason: "\(rank) is not between 1 and 4096")
        }
        try Self.check(alpha: alpha, key: "lora_alpha")
        for alpha in alphaPattern.values { try Self.check(alpha: alpha, key: "alpha_pattern") }
        guard (0..<1).contains(dropout) else {
            throw .invalidConfiguration(key: "lora_dropout", reason: "must be at least 0 and less than 1")
        }
    }

    /// A scale of 0 would switch the low-rank pair off, also in training. The scale must fit into a `Float`.
    private static func check(alpha: Double, key: String) throws(AdapterError) {
        if alpha <= 0 {
            throw .invalidConfiguration(key: key, reason: "must be above 0: nothing would be adapted")
        }
        guard (1e-9...1e9).contains(alpha) else {
            throw .invalidConfiguration(key: key, reason: "must be from 1e-9 to 1e9")
        }
    }
}
