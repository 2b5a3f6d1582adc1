import Files
import Foundation
import TestSupport
import Testing

@testable import BERT

/// Bases on disk: every form is read, everything wrong is an error that names file and key.
struct BaseTests {
    private func error(_ folder: TemporaryFolder) -> BaseError? {
        do {
            _ = try BERTBase(directory: folder.path)
            return nil
        } catch {
            return error
        }
    }

    /// A tiny base whose `config.json` has been changed; nil removes a key.
    private func changed(_ key: String, _ value: Any?, _ architecture: BERTConfiguration.Architecture = .bert) throws
        -> TemporaryFolder
    {
        let folder = try TestModels.tinyBase(architecture)
        let file = URL(fileURLWithPath: folder.path + "/config.json")
        var values = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        values[key] = value
        try JSONSerialization.data(withJSONObject: values).write(to: file)
        return folder
    }

    private func rewrite(_ folder: TemporaryFolder, _ change: (inout [NamedTensor]) -> Void) throws {
        let file = URL(fileURLWithPath: folder.path + "/model.safetensors")
        try Data(SafetensorsWriter.bytes(try tensors(of: folder, change))).write(to: file)
    }

    private func tensors(of folder: TemporaryFolder, _ change: (inout [NamedTensor]) -> Void = { _ in }) throws
        -> [NamedTensor]
    {
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: folder.path + "/model.safetensors")))
        var tensors = try bytes.withUnsafeBytes { bytes in
            let reader = try SafetensorsReader(bytes)
            return try reader.names.map {
                NamedTensor(name: $0, shape: try reader.entry($0).shape, values: try reader.floats($0))
            }
        }
        change(&tensors)
        return tensors
    }

    @Test func weightsThatChangeWhileTheyAreReadAreRefused() throws {
        let folder = try TestModels.tinyBase()
        let files = try WeightFiles(directory: folder.path)
        var hash = SHA256()
        try files.update(&hash)
        let path = folder.path + "/model.safetensors"
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: path)
        let error = #expect(throws: BaseError.self) { try files.update(&hash) }
        #expect(error == .unreadable(file: path, reason: "was changed while it was read"))
    }

    @Test func missingKeysAreNamed() throws {
        for key in ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "hidden_act"] {
            let folder = try changed(key, nil)
            #expect(error(folder) == .missingKey(file: folder.path + "/config.json", key: key))
        }
        let folder = try changed("n_heads", nil, .distilbert)
        #expect(error(folder) == .missingKey(file: folder.path + "/config.json", key: "n_heads"))
    }

    @Test func wrongValuesAreNamed() throws {
        let wrong: [(String, Any)] = [
            ("hidden_size", "32"), ("hidden_size", 0), ("hidden_size", 32.5), ("hidden_size", -32),
            ("num_hidden_layers", 1e30),
            ("hidden_act", "swish"), ("layer_norm_eps", "x"), ("position_embedding_type", "relative_key"),
            ("num_attention_heads", 5),
            ("hidden_dropout_prob", 1.5),
        ]
        for (key, value) in wrong {
            guard case .invalidValue(let file, _, _) = error(try changed(key, value)) else {
                Issue.record("\(key) = \(value)")
                continue
            }
            #expect(file.hasSuffix("config.json"))
        }
    }

    /// What transformers computes with such a key and this program does not: the key is named, in both architectures.
    @Test(arguments: [BERTConfiguration.Architecture.bert, .distilbert])
    func keysThatChangeResultsAreRefusedByName(architecture: BERTConfiguration.Architecture) throws {
        let wrong: [(String, Any)] = [
            ("is_decoder", true), ("is_decoder", "yes"), ("is_decoder", 1), ("add_cross_attention", true),
            ("pruned_heads", ["0": [1, 3]]),
            ("position_embedding_type", "relative_key"), ("position_embedding_type", "alibi"),
            ("quantization_config", ["load_in_8bit": true]), ("auto_map", ["AutoModel": "modeling.OtherModel"]),
        ]
        for (key, value) in wrong {
            guard case .invalidValue(_, let named, _) = error(try changed(key, value, architecture)) else {
                Issue.record("\(key) = \(value)")
                continue
            }
            #expect(named == key)
        }
    }

    /// Keys that transformers writes, and what says nothing against an encoder: the base is read, and is the same.
    @Test(arguments: [BERTConfiguration.Architecture.bert, .distilbert])
    func keysThatChangeNothingPass(architecture: BERTConfiguration.Architecture) throws {
        let fine: [(String, Any)] = [
            ("is_decoder", false), ("is_decoder", NSNull()), ("is_decoder", 0), ("add_cross_attention", false),
            ("pruned_heads", [String: Any]()), ("position_embedding_type", "absolute"),
            ("quantization_config", NSNull()),
            ("auto_map", ["AutoTokenizer": ["tokenization.Own", NSNull()]]), ("chunk_size_feed_forward", 4),
            ("use_cache", true),
            ("torch_dtype", "bfloat16"), ("dtype", "float32"), ("problem_type", "regression"),
            ("sinusoidal_pos_embds", true),
            ("tie_weights_", true), ("tie_word_embeddings", true), ("output_attentions", true),
            ("gradient_checkpointing", true),
            ("pooler_type", "first_token_transform"), ("directionality", "bidi"),
            ("id2label", ["0": "NEGATIVE", "1": "POSITIVE"]),
        ]
        let plain = try TestModels.tinyBase(architecture)
        let digest = try BERTBase(directory: plain.path).digest
        for (key, value) in fine {
            let folder = try changed(key, value, architecture)
            let found = try withExtendedLifetime(folder) { try BERTBase(directory: folder.path).digest }
            #expect(found == digest, "\(key) = \(value)")
        }
    }

    /// transformers maps BERT's names of sizes to DistilBERT's own.
    @Test func sizesUnderTwoNamesMustAgree() throws {
        for (alias, own, value) in [
            ("hidden_size", "dim", 32), ("num_attention_heads", "n_heads", 4), ("num_hidden_layers", "n_layers", 2),
        ] {
            #expect(error(try changed(alias, value, .distilbert)) == nil, "\(alias)")
            let folder = try changed(alias, value * 2, .distilbert)
            #expect(
                error(folder)
                    == .invalidValue(
                        file: folder.path + "/config.json", key: alias,
                        reason: "says \(value * 2), but \(own) says \(value)"))
        }
    }

    @Test func aBaseWithoutAPoolerIsToldWhoNeedsIt() throws {
        for prefix in ["", "bert."] {
            let folder = try TestModels.tinyBase()
            try rewrite(folder) { tensors in
                tensors.removeAll { $0.name.hasPrefix("pooler.") }
                for index in tensors.indices { tensors[index].name = prefix + tensors[index].name }
            }
            let file = folder.path + "/model.safetensors"
            let reason = try #require(error(folder))
            #expect(reason == .missingPooler(file: file, tensor: prefix + "pooler.dense.weight"))
            #expect(reason.description.contains("needs the pooler; load the base with transformers' BertModel"))
        }
    }

    @Test(arguments: ["pytorch_model.bin", "pytorch_model.bin.index.json"])
    func picklesAloneAreToldWhatToDo(name: String) throws {
        let folder = try TestModels.tinyBase()
        let file = folder.path + "/model.safetensors"
        try FileManager.default.moveItem(atPath: file, toPath: folder.path + "/" + name)
        #expect(
            error(folder)
                == .unreadable(file: file, reason: "no such file; \(name) is not read: save the base as safetensors"))
    }

    @Test func otherArchitecturesAreRefused() throws {
        let folder = try changed("model_type", "roberta")
        #expect(error(folder) == .unknownArchitecture(file: folder.path + "/config.json", name: "roberta"))
    }

    @Test func missingFilesAreNamed() throws {
        #expect(throws: BaseError.unreadable(file: "/nowhere", reason: "no such folder")) {
            try BERTBase(directory: "/nowhere")
        }
        for name in ["config.json", "model.safetensors"] {
            let folder = try TestModels.tinyBase()
            try FileManager.default.removeItem(atPath: folder.path + "/" + name)
            guard case .unreadable(let file, _) = error(folder) else {
                Issue.record("\(name)")
                continue
            }
            #expect(file == folder.path + "/" + name)
        }
        let folder = try TestModels.tinyBase()
        try Data("not json".utf8).write(to: URL(fileURLWithPath: folder.path + "/config.json"))
        guard case .invalidJSON = error(folder) else { return #expect(Bool(false), "config.json that is not JSON") }
    }

    @Test func weightsThatDoNotFitTheConfigurationAreNamed() throws {
        let wide = try changed("intermediate_size", 64)
        #expect(
            error(wide)
                == .wrongShape(
                    file: wide.path + "/model.safetensors", tensor: "encoder.layer.0.intermediate.dense.weight",
                    expected: [64, 32],
                    found: [48, 32]))
        let deep = try changed("num_hidden_layers", 3)
        guard case .missingTensor(_, let name) = error(deep) else { return #expect(Bool(false)) }
        #expect(name.hasPrefix("encoder.layer.2."))
        let huge = try changed("vocab_size", 10_000_000)
        guard case .wrongShape = error(huge) else { return #expect(Bool(false)) }
    }

    @Test func notFiniteWeightsAreRefusedByName() throws {
        let folder = try TestModels.tinyBase()
        try rewrite(folder) { tensors in
            for index in tensors.indices where tensors[index].name == "encoder.layer.1.output.dense.weight" {
                tensors[index].values[5] = .nan
            }
        }
        #expect(
            error(folder)
                == .notFinite(file: folder.path + "/model.safetensors", tensor: "encoder.layer.1.output.dense.weight"))
    }

    @Test func truncatedWeightsAreAnError() throws {
        let folder = try TestModels.tinyBase()
        let file = URL(fileURLWithPath: folder.path + "/model.safetensors")
        let data = try Data(contentsOf: file)
        for length in [0, 5, 100, data.count / 2, data.count - 1] {
            try data.prefix(length).write(to: file)
            guard case .invalidWeights = error(folder) else { return #expect(Bool(false), "\(length) bytes") }
        }
    }

    @Test func shardedAndOldNamesGiveTheSameLogits() throws {
        let folder = try TestModels.tinyBase(layers: 2)
        let base = try BERTBase(directory: folder.path)
        let sequence: [Int32] = [2, 9, 12, 3]
        let expected = InferencePass(base: base).hiddenStates(below: 2, PackedBatch([sequence]))
        try rewrite(folder) { tensors in
            for index in tensors.indices {
                tensors[index].name =
                    "bert."
                    + tensors[index].name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
                    .replacing("LayerNorm.bias", with: "LayerNorm.beta")
            }
        }
        let renamed = try BERTBase(directory: folder.path)
        #expect(InferencePass(base: renamed).hiddenStates(below: 2, PackedBatch([sequence])) == expected)
        try shard(folder)
        let sharded = try BERTBase(directory: folder.path)
        #expect(InferencePass(base: sharded).hiddenStates(below: 2, PackedBatch([sequence])) == expected)
        #expect(sharded.digest != base.digest)
    }

    private func shard(_ folder: TemporaryFolder) throws {
        let tensors = try tensors(of: folder)
        try FileManager.default.removeItem(atPath: folder.path + "/model.safetensors")
        var map: [String: String] = [:]
        for (number, part) in [tensors.prefix(10), tensors.dropFirst(10)].enumerated() {
            let name = "model-0000\(number + 1)-of-00002.safetensors"
            try Data(SafetensorsWriter.bytes(Array(part))).write(to: URL(fileURLWithPath: folder.path + "/" + name))
            for tensor in part { map[tensor.name] = name }
        }
        try JSONSerialization.data(withJSONObject: ["weight_map": map])
            .write(to: URL(fileURLWithPath: folder.path + "/model.safetensors.index.json"))
    }

    @Test func indexThatNamesOtherFoldersIsRefused() throws {
        let folder = try TestModels.tinyBase()
        try FileManager.default.removeItem(atPath: folder.path + "/model.safetensors")
        let index = URL(fileURLWithPath: folder.path + "/model.safetensors.index.json")
        for map in [#"{"weight_map": {"a": "../x.safetensors"}}"#, #"{"weight_map": {}}"#, "{}", "7"] {
            try Data(map.utf8).write(to: index)
            guard case .invalidValue(let file, let key, _) = error(folder) else {
                return #expect(Bool(false), "\(map)")
            }
            #expect(file == index.path && key == "weight_map")
        }
    }

    /// All that can happen to a base's file under a running program: overwritten in place, cut short, another put
    /// there, gone.
    @Test func baseSurvivesWhateverHappensToItsFile() throws {
        let folder = try TestModels.tinyBase()
        let base = try BERTBase(directory: folder.path)
        let adapter = try TestModels.adapter(over: base, labels: ["a", "b"])
        func answers() -> [[[Float]]] {
            InferencePass(base: base).logits(
                PackedBatch([[1, 2, 3], [9]]), adapters: [adapter], assignments: [[0], [0]])
        }
        let (digest, before) = (base.digest, answers())
        let weights = URL(fileURLWithPath: folder.path + "/model.safetensors")
        let size = try Data(contentsOf: weights).count

        let handle = try FileHandle(forUpdating: weights)
        try handle.write(contentsOf: Data([UInt8](repeating: 0xFF, count: size)))
        #expect(answers() == before)
        try handle.truncate(atOffset: 10)
        #expect(answers() == before)
        try handle.close()
        let other = try TestModels.tinyBase(seed: 2)
        try Data(contentsOf: URL(fileURLWithPath: other.path + "/model.safetensors")).write(
            to: weights, options: .atomic)
        #expect(answers() == before)
        try FileManager.default.removeItem(at: URL(fileURLWithPath: folder.path))
        #expect(answers() == before)
        #expect(base.digest == digest)
        #expect(try Adapter(manifest: adapter.manifest, weights: adapter.weights, base: base).digest == adapter.digest)
    }

    @Test func digestFollowsWeightsAndConfiguration() throws {
        func read(_ folder: TemporaryFolder) throws -> BERTBase {
            try withExtendedLifetime(folder) { try BERTBase(directory: folder.path) }
        }
        let one = try read(TestModels.tinyBase(seed: 1))
        let same = try read(TestModels.tinyBase(seed: 1))
        let other = try read(TestModels.tinyBase(seed: 2))
        let relu = try read(changed("hidden_act", "relu"))
        let dropout = try read(changed("hidden_dropout_prob", 0.3))
        #expect(one.digest == same.digest)
        #expect(one.digest == dropout.digest)
        #expect(Set([one.digest, other.digest, relu.digest]).count == 3)
        #expect(one.digest.count == 64)
    }

    @Test func realBaseIsRead() throws {
        let base = try BERTBase(directory: TestModels.base)
        #expect(
            (base.configuration.layers, base.configuration.hidden, base.configuration.vocabulary) == (6, 384, 30522))
    }
}
