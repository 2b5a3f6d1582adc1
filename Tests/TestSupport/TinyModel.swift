import BERT
import Foundation
import WordPiece

/// A BERT of two layers with random weights, made when it is first needed: for tests of what goes around a model, where
/// its answers only have to be the same every time.
public struct TinyModel: Sendable {
    public let base: BERTBase
    public let tokenizer: WordPieceTokenizer
    private static let (layers, hidden, inner, positions) = (2, 16, 32, 64)

    public static let shared: Result<TinyModel, any Error> = Result { try TinyModel() }

    /// Another seed is another base, with another digest.
    public init(seed: UInt64 = 1) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tiny-model-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Self.configuration.utf8).write(to: folder.appendingPathComponent("config.json"))
        try Data(Self.vocabulary.joined(separator: "\n").utf8).write(to: folder.appendingPathComponent("vocab.txt"))
        var random = TestRandom(seed: seed)
        let weights = safetensors(Self.tensors.map { ($0.name, $0.shape, random.values($0.shape, of: $0.name)) })
        try Data(weights).write(to: folder.appendingPathComponent("model.safetensors"))
        base = try BERTBase(directory: folder.path)
        tokenizer = try WordPieceTokenizer(directory: folder.path)
    }

    /// A random adapter on query and value of all layers.
    public func adapter(labels: [String], seed: UInt64 = 1) throws -> Adapter {
        var random = TestRandom(seed: seed)
        var tensors: [(name: String, shape: [Int])] = []
        for layer in 0..<Self.layers {
            for target in ["query", "value"] {
                let name = "base_model.model.bert.encoder.layer.\(layer).attention.self.\(target)"
                tensors.append((name + ".lora_A.weight", [2, Self.hidden]))
                tensors.append((name + ".lora_B.weight", [Self.hidden, 2]))
            }
        }
        tensors.append(("base_model.model.classifier.weight", [labels.count, Self.hidden]))
        tensors.append(("base_model.model.classifier.bias", [labels.count]))
        let manifest = AdapterManifest(
            labels: labels, baseDigest: base.digest, configuration: LoRAConfiguration(rank: 2, alpha: 4))
        let weights = safetensors(tensors.map { ($0.name, $0.shape, random.values($0.shape, of: $0.name)) })
        return try Adapter(manifest: manifest, weights: weights, base: base)
    }

    // MARK: - Its files

    private static let vocabulary =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + "abcdefghijklmnopqrstuvwxyz0123456789".map(String.init)
        + "abcdefghijklmnopqrstuvwxyz0123456789".map { "##\($0)" }

    private static let configuration = """
        {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": \(hidden), "num_hidden_layers": \(layers),
         "num_attention_heads": 2, "intermediate_size": \(inner), "vocab_size": \(vocabulary.count),
         "max_position_embeddings": \(positions), "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu",
         "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
        """

    private static var tensors: [(name: String, shape: [Int])] {
        var tensors: [(name: String, shape: [Int])] = [
            ("embeddings.word_embeddings.weight", [vocabulary.count, hidden]),
            ("embeddings.position_embeddings.weight", [positions, hidden]),
            ("embeddings.token_type_embeddings.weight", [2, hidden]),
        ]
        func linear(_ name: String, _ outputs: Int, _ inputs: Int) {
            tensors += [(name + ".weight", [outputs, inputs]), (name + ".bias", [outputs])]
        }
        func norm(_ name: String) { tensors += [(name + ".weight", [hidden]), (name + ".bias", [hidden])] }
        norm("embeddings.LayerNorm")
        for layer in 0..<layers {
            let name = "encoder.layer.\(layer)."
            for part in ["query", "key", "value"] { linear(name + "attention.self.\(part)", hidden, hidden) }
            linear(name + "attention.output.dense", hidden, hidden)
            norm(name + "attention.output.LayerNorm")
            linear(name + "intermediate.dense", inner, hidden)
            linear(name + "output.dense", hidden, inner)
            norm(name + "output.LayerNorm")
        }
        linear("pooler.dense", hidden, hidden)
        return tensors
    }
}

/// The bytes of a safetensors file of float32 tensors.
func safetensors(_ tensors: [(name: String, shape: [Int], values: [Float])]) -> [UInt8] {
    var entries: [String] = []
    var data: [UInt8] = []
    for (name, shape, values) in tensors {
        let start = data.count
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        entries.append(#""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(start),\#(data.count)]}"#)
    }
    var header = "{" + entries.joined(separator: ",") + "}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8) + data
}

/// Numbers that are the same in every run.
public struct TestRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Values as a tensor of this name might have them.
    mutating func values(_ shape: [Int], of name: String) -> [Float] {
        let center: Float = name.hasSuffix("LayerNorm.weight") ? 1 : 0
        return (0..<shape.reduce(1, *)).map { _ in center + Float.random(in: -0.3...0.3, using: &self) }
    }
}
