import BERT
import Foundation
import Kernels

/// Models for tests: the real base, and tiny random ones that are written where they are needed.
public enum TestModels {
    /// The folder of the real base (all-MiniLM-L6-v2): below `$LORIKEET_MODELS`, else below `models/` in the
    /// repository.
    public static var base: String { models + "/all-MiniLM-L6-v2" }

    private static var models: String {
        if let folder = ProcessInfo.processInfo.environment["LORIKEET_MODELS"], !folder.isEmpty { return folder }
        var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("models").path
            if FileManager.default.fileExists(atPath: candidate) { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        return "models"
    }

    /// A new folder with a tiny random base in Hugging Face layout: `config.json`, `model.safetensors`, `vocab.txt`,
    /// `tokenizer_config.json`.
    ///
    /// The vocabulary has every lowercase letter and digit, alone and as continuation, and the given words: any ASCII
    /// text has tokens. The same arguments give the same bytes.
    public static func tinyBase(
        _ architecture: BERTConfiguration.Architecture = .bert, layers: Int = 2, hidden: Int = 32, positions: Int = 64,
        words: [String] = [],
        seed: UInt64 = 1
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try writeTinyBase(
            architecture, to: folder.path, layers: layers, hidden: hidden, positions: positions, words: words,
            seed: seed)
        return folder
    }

    /// As `tinyBase`, into a folder that exists.
    public static func writeTinyBase(
        _ architecture: BERTConfiguration.Architecture, to folder: String, layers: Int = 2, hidden: Int = 32,
        positions: Int = 64,
        words: [String] = [], seed: UInt64 = 1
    ) throws {
        let vocabulary = vocabulary(words)
        let sizes = TinySizes(
            architecture: architecture, layers: layers, hidden: hidden, vocabulary: vocabulary.count,
            positions: positions)
        let files = [
            "config.json": sizes.configuration,
            "model.safetensors": TinyWeights(sizes, seed: seed).safetensors,
            "vocab.txt": Data((vocabulary.joined(separator: "\n") + "\n").utf8),
            "tokenizer_config.json": Data(#"{"do_lower_case": true, "tokenizer_class": "BertTokenizer"}"#.utf8),
        ]
        for (name, data) in files { try data.write(to: URL(fileURLWithPath: folder + "/" + name)) }
    }

    private static func vocabulary(_ words: [String]) -> [String] {
        let characters = "abcdefghijklmnopqrstuvwxyz0123456789".map(String.init)
        let punctuation = ".,;:!?-_/'\"()".map(String.init)
        let known =
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + characters + characters.map { "##" + $0 } + punctuation
        return known + words.filter { !known.contains($0) }
    }

    /// An adapter with random A, B and head, so that it changes every logit.
    public static func adapter(
        over base: BERTBase, labels: [String], configuration: LoRAConfiguration = LoRAConfiguration(rank: 4, alpha: 8),
        task: String? = nil,
        seed: UInt64 = 1
    ) throws -> Adapter {
        let adapter = try TrainableAdapter(base: base, configuration: configuration, labels: labels, seed: seed)
        var random = TinyRandom(seed: seed)
        for index in adapter.values.indices { adapter.values[index] = 0.3 * random.next() }
        return try adapter.frozen(task: task)
    }
}

/// A folder of its own under the system's temporary one, removed with the object.
public final class TemporaryFolder: Sendable {
    /// Path of the folder.
    public let path: String

    /// Creates the folder.
    public init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("lorikeet-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

private struct TinySizes {
    let architecture: BERTConfiguration.Architecture
    let layers: Int
    let hidden: Int
    let vocabulary: Int
    let positions: Int
    var intermediate: Int { hidden * 3 / 2 }

    var configuration: Data {
        let text =
            switch architecture {
            case .bert:
                """
                {"model_type": "bert", "architectures": ["BertModel"], "num_hidden_layers": \(layers),
                 "hidden_size": \(hidden), "num_attention_heads": 4, "intermediate_size": \(intermediate),
                 "vocab_size": \(vocabulary), "max_position_embeddings": \(positions), "type_vocab_size": 2,
                 "hidden_act": "gelu", "layer_norm_eps": 1e-12}
                """
            case .distilbert:
                """
                {"model_type": "distilbert", "n_layers": \(layers), "dim": \(hidden), "n_heads": 4,
                 "hidden_dim": \(intermediate), "vocab_size": \(vocabulary),
                 "max_position_embeddings": \(positions), "activation": "gelu"}
                """
            }
        return Data(text.utf8)
    }
}

/// Random numbers in -1 ..< 1, the same on every machine.
private struct TinyRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0xD1B5_4A32_D192_ED03 }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int64(state >> 40) - (1 << 23)) * 0x1p-23
    }
}

/// The tensors of a tiny base and their file.
private struct TinyWeights {
    private var tensors: [(name: String, shape: [Int], values: [Float])] = []
    private var random: TinyRandom

    init(_ sizes: TinySizes, seed: UInt64) {
        random = TinyRandom(seed: seed)
        let hidden = sizes.hidden
        matrix("embeddings.word_embeddings.weight", [sizes.vocabulary, hidden])
        matrix("embeddings.position_embeddings.weight", [sizes.positions, hidden])
        if sizes.architecture == .bert { matrix("embeddings.token_type_embeddings.weight", [2, hidden]) }
        norm("embeddings.LayerNorm", hidden)
        for layer in 0..<sizes.layers {
            sizes.architecture == .bert
                ? bertLayer("encoder.layer.\(layer).", sizes) : distilBERTLayer("transformer.layer.\(layer).", sizes)
        }
        if sizes.architecture == .bert { linear("pooler.dense", hidden, hidden) }
    }

    private mutating func bertLayer(_ start: String, _ sizes: TinySizes) {
        let (hidden, inner) = (sizes.hidden, sizes.intermediate)
        for name in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            linear(start + name, hidden, hidden)
        }
        norm(start + "attention.output.LayerNorm", hidden)
        linear(start + "intermediate.dense", inner, hidden)
        linear(start + "output.dense", hidden, inner)
        norm(start + "output.LayerNorm", hidden)
    }

    private mutating func distilBERTLayer(_ start: String, _ sizes: TinySizes) {
        let (hidden, inner) = (sizes.hidden, sizes.intermediate)
        for name in ["q_lin", "k_lin", "v_lin", "out_lin"] { linear(start + "attention." + name, hidden, hidden) }
        norm(start + "sa_layer_norm", hidden)
        linear(start + "ffn.lin1", inner, hidden)
        linear(start + "ffn.lin2", hidden, inner)
        norm(start + "output_layer_norm", hidden)
    }

    private mutating func linear(_ name: String, _ outputs: Int, _ inputs: Int) {
        matrix(name + ".weight", [outputs, inputs])
        matrix(name + ".bias", [outputs])
    }

    private mutating func norm(_ name: String, _ count: Int) {
        append(name + ".weight", [count]) { 1 + 0.2 * $0 }
        append(name + ".bias", [count]) { 0.2 * $0 }
    }

    private mutating func matrix(_ name: String, _ shape: [Int]) {
        append(name, shape) { 0.3 * $0 }
    }

    private mutating func append(_ name: String, _ shape: [Int], _ value: (Float) -> Float) {
        let values = (0..<shape.reduce(1, *)).map { _ in value(random.next()) }
        tensors.append((name, shape, values))
    }

    /// The file's bytes: length of the header, header, numbers.
    var safetensors: Data {
        var offset = 0
        var entries: [String] = []
        var numbers = Data()
        for tensor in tensors {
            let end = offset + tensor.values.count * 4
            entries.append(
                #""\#(tensor.name)":{"dtype":"F32","shape":\#(tensor.shape),"data_offsets":[\#(offset),\#(end)]}"#)
            tensor.values.withUnsafeBytes { numbers.append(contentsOf: $0) }
            offset = end
        }
        let header = Data("{\(entries.joined(separator: ","))}".utf8)
        var file = Data()
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.append(contentsOf: $0) }
        return file + header + numbers
    }
}
