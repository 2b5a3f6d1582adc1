import FoundationEssentials

/// The architecture and sizes of a base, from the `config.json` of a Hugging Face folder.
public struct BERTConfiguration: Sendable, Equatable {
    /// The model families that share one encoder.
    public enum Architecture: String, Sendable {
        /// BERT, by its `model_type`.
        case bert
        /// DistilBERT: no token types, no pooler.
        case distilbert
    }

    /// The activation function between the two feed-forward layers.
    public enum Activation: String, Sendable {
        /// x·Φ(x), with the error function.
        case gelu
        /// The approximation with tanh.
        case geluTanh = "gelu_new"
        /// max(x, 0).
        case relu
    }

    /// BERT or DistilBERT.
    public var architecture: Architecture
    /// The number of encoder layers.
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
    /// The feed-forward blocks' activation function.
    public var activation: Activation
    /// Added to the variance in every layer norm.
    public var epsilon: Float
    /// Dropout rates in training.
    public var dropout: DropoutRates

    /// The number of tokens after which a text is cut where nobody says otherwise, `[CLS]` and `[SEP]` included. A base
    /// may have fewer positions.
    public static let standardMaxTokens = 256

    /// Width of one attention head.
    public var headSize: Int { hidden / heads }

    /// Reads `config.json` in a directory.
    ///
    /// - Throws: `BaseError` that names the file and the key.
    public init(directory: String) throws(BaseError) {
        let file = directory + "/config.json"
        var isFolder = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isFolder), isFolder else {
            throw .unreadable(file: directory, reason: "no such folder")
        }
        try self.init(json: try ConfigurationValues.bytes(file: file), file: file)
    }

    /// Reads the content of a `config.json`.
    ///
    /// - Parameter file: the path that errors name.
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

    /// `max_position_embeddings` of the `config.json` in a directory, whatever the architecture; nil if there is none.
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
            throw .invalidValue(
                file: file, key: hiddenKey, reason: "\(hidden) is not a multiple of \(headsKey), \(heads)")
        }
    }
}

/// The dropout rates of training, each in 0 ..< 1.
public struct DropoutRates: Sendable, Equatable {
    /// Of the outputs of attention and feed-forward blocks (DistilBERT: of feed-forward blocks only), before the
    /// residual.
    public var hidden: Float
    /// Of attention probabilities.
    public var attention: Float
    /// Of the classifier's input.
    public var classifier: Float

    /// No dropout.
    public static let none = DropoutRates(hidden: 0, attention: 0, classifier: 0)

    /// These rates.
    public init(hidden: Float, attention: Float, classifier: Float) {
        self.hidden = hidden
        self.attention = attention
        self.classifier = classifier
    }
}
