import FoundationEssentials

/// What a base is: its architecture and sizes, as `config.json` of a Hugging Face directory says.
public struct BERTConfiguration: Sendable, Equatable {
    /// The two families that share one encoder.
    public enum Architecture: String, Sendable {
        case bert, distilbert
    }

    /// The function between the two feed-forward layers.
    public enum Activation: String, Sendable {
        /// x·Φ(x), exactly.
        case gelu
        /// The approximation by tanh.
        case geluTanh = "gelu_new"
        case relu
    }

    public var architecture: Architecture
    public var layers: Int
    /// Width of the hidden states.
    public var hidden: Int
    /// Attention heads; `hidden` is a multiple of it.
    public var heads: Int
    /// Width between the two feed-forward layers.
    public var intermediate: Int
    /// Token ids run from 0 to `vocabulary - 1`.
    public var vocabulary: Int
    /// The longest sequence, in tokens.
    public var positions: Int
    /// Rows of the token-type embedding; 0 for DistilBERT, which has none.
    public var tokenTypes: Int
    public var activation: Activation
    /// Added to the variance in every layer norm.
    public var epsilon: Float
    /// Dropout rates in training.
    public var dropout: DropoutRates

    /// Width of one attention head.
    public var headSize: Int { hidden / heads }

    /// Reads `config.json` in a directory.
    ///
    /// - Throws: `BaseError` that names the file and the key.
    public init(directory: String) throws(BaseError) {
        let file = directory + "/config.json"
        var isFolder = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isFolder), isFolder else {
            throw .unreadable(file: directory, reason: "no such directory")
        }
        try self.init(json: try ConfigurationValues.bytes(file: file), file: file)
    }

    /// Reads the content of a `config.json`; `file` is named in errors.
    public init(json: [UInt8], file: String) throws(BaseError) {
        let values = try ConfigurationValues(json: json, file: file)
        let architecture = try values.architecture()
        try values.refuseOtherComputations()
        switch architecture {
        case .bert: try self.init(bert: values)
        case .distilbert: try self.init(distilBERT: values)
        }
        try checkSizes(file: file)
    }

    /// The positions that `config.json` in a directory speaks of, whatever the architecture; nil where it does not.
    public static func positions(directory: String) -> Int? {
        let file = directory + "/config.json"
        guard let json = try? ConfigurationValues.bytes(file: file) else { return nil }
        return try? ConfigurationValues(json: json, file: file).positions()
    }

    private init(bert values: ConfigurationValues) throws(BaseError) {
        architecture = .bert
        layers = try values.size("num_hidden_layers", at: 1...1_000)
        hidden = try values.size("hidden_size", at: 1...65_536)
        heads = try values.size("num_attention_heads", at: 1...4_096)
        intermediate = try values.size("intermediate_size", at: 1...1_000_000)
        vocabulary = try values.size("vocab_size", at: 1...10_000_000)
        positions = try values.positions()
        tokenTypes = try values.size("type_vocab_size", at: 1...1_000)
        activation = try values.activation("hidden_act")
        epsilon = Float(try values.number("layer_norm_eps", default: 1e-12, at: 0...1))
        let hiddenDropout = try values.number("hidden_dropout_prob", default: 0.1, at: 0...0.99)
        dropout = DropoutRates(
            hidden: Float(hiddenDropout),
            attention: Float(try values.number("attention_probs_dropout_prob", default: 0.1, at: 0...0.99)),
            classifier: Float(try values.number("classifier_dropout", default: hiddenDropout, at: 0...0.99)))
    }

    private init(distilBERT values: ConfigurationValues) throws(BaseError) {
        architecture = .distilbert
        layers = try values.size("n_layers", alias: "num_hidden_layers", at: 1...1_000)
        hidden = try values.size("dim", alias: "hidden_size", at: 1...65_536)
        heads = try values.size("n_heads", alias: "num_attention_heads", at: 1...4_096)
        intermediate = try values.size("hidden_dim", at: 1...1_000_000)
        vocabulary = try values.size("vocab_size", at: 1...10_000_000)
        positions = try values.positions()
        tokenTypes = 0
        activation = try values.activation("activation")
        epsilon = 1e-12
        dropout = DropoutRates(
            hidden: Float(try values.number("dropout", default: 0.1, at: 0...0.99)),
            attention: Float(try values.number("attention_dropout", default: 0.1, at: 0...0.99)),
            classifier: Float(try values.number("seq_classif_dropout", default: 0.2, at: 0...0.99)))
    }

    private func checkSizes(file: String) throws(BaseError) {
        guard hidden % heads == 0 else {
            let (hiddenKey, headsKey) =
                architecture == .bert ? ("hidden_size", "num_attention_heads") : ("dim", "n_heads")
            throw .invalidValue(file: file, key: hiddenKey, reason: "\(hidden) is no multiple of \(headsKey), \(heads)")
        }
    }
}

/// How much of what is set to zero in training, each in 0 ..< 1.
public struct DropoutRates: Sendable, Equatable {
    /// Of the outputs of attention and feed-forward blocks (DistilBERT: of feed-forward blocks only), before the residual.
    public var hidden: Float
    /// Of attention probabilities.
    public var attention: Float
    /// Of the features that the classifier sees.
    public var classifier: Float

    /// No dropout at all.
    public static let none = DropoutRates(hidden: 0, attention: 0, classifier: 0)

    public init(hidden: Float, attention: Float, classifier: Float) {
        self.hidden = hidden
        self.attention = attention
        self.classifier = classifier
    }
}
