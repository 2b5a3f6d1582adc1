import Foundation
import TestSupport
import Testing

@testable import BERT

/// Folders as PEFT writes them, with one thing changed: what would compute something else is refused by name.
struct PEFTFolderTests {
    private let fixture: Fixture

    init() throws { fixture = try Fixture("bert") }

    /// A copy of the plain adapter's folder; nil for a key removes it.
    private func folder(
        _ changes: [String: Any?] = [:], tensors change: (inout [NamedTensor]) -> Void = { _ in }
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let source = fixture.adapterFolder("plain")
        let data = try Data(contentsOf: URL(fileURLWithPath: source + "/adapter_config.json"))
        var values = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        for (key, value) in changes { values[key] = value }
        try write(folder, "adapter_config.json", JSONSerialization.data(withJSONObject: values))
        let plain = try fixture.adapter("plain")
        var tensors = plain.layout.named(plain.values.pointer)
        change(&tensors)
        try write(folder, "adapter_model.safetensors", Data(SafetensorsWriter.bytes(tensors)))
        return folder
    }

    private func write(_ folder: TemporaryFolder, _ name: String, _ data: Data) throws {
        try data.write(to: URL(fileURLWithPath: folder.path + "/" + name))
    }

    private func load(_ folder: TemporaryFolder, names: [LabelNames] = []) throws(AdapterError) -> Adapter {
        defer { withExtendedLifetime(folder) {} }
        return try Adapter.load(directory: folder.path, base: fixture.base, names: names)
    }

    private func error(_ folder: TemporaryFolder, names: [LabelNames] = []) -> AdapterError? {
        do {
            _ = try load(folder, names: names)
            return nil
        } catch {
            return error
        }
    }

    // MARK: - Keys

    @Test func keysThatAreNotReadAndSetAreRefusedByName() throws {
        let wrong: [(String, Any)] = [
            ("use_mora", true), ("hira_config", ["alpha": 1]), ("router", "top2"), ("gates", [1]), ("extra_scale", 0.5),
            ("velora_config", ["num_groups": 4]), ("kasa_config", ["beta": 1]), ("use_bdlora", ["nblocks": 2]),
            ("monteclora_config", ["num_samples": 2]), ("arrow_config", ["top_k": 3]), ("alora_invocation_tokens", [7]),
            ("megatron_config", ["x": 1]), ("target_parameters", ["x"]), ("lora_bias", true),
        ]
        for (key, value) in wrong {
            guard case .unsupported(let feature, _) = error(try folder([key: value])) else {
                Issue.record("\(key) = \(value)")
                continue
            }
            #expect(feature.contains(key))
        }
    }

    @Test func keysThatChangeNothingPass() throws {
        let digest = try fixture.adapter("plain").digest
        let fine: [(String, Any)] = [
            ("peft_version", "0.21.2"), ("revision", "main"), ("base_model_name_or_path", "x"),
            ("inference_mode", false),
            ("auto_mapping", ["base_model_class": "BertForSequenceClassification"]),
            ("runtime_config", ["ephemeral_gpu_offload": true]),
            ("qalora_group_size", 32), ("megatron_core", "megatron.core"), ("loftq_config", ["loftq_bits": 4]),
            ("eva_config", ["rho": 2]), ("corda_config", ["verbose": true]), ("lora_ga_config", ["scale": "stable"]),
            ("ensure_weight_tying", true), ("init_lora_weights", "mica"), ("use_something_new", false),
            ("something_new", NSNull()),
            ("modules_to_save", ["classifier", "score", "qa_outputs"]), ("exclude_modules", ["pooler.dense"]),
            ("layers_pattern", "layer"),
        ]
        for (key, value) in fine { #expect(try load(folder([key: value])).digest == digest, "\(key) = \(value)") }
        // PEFT's default for BERT is query and value, which this adapter has.
        #expect(try load(folder(["target_modules": NSNull()])).digest == digest)
    }

    // MARK: - What is adapted

    @Test func adaptersThatAdaptNothingAreRefused() throws {
        let empty: [(changes: [String: Any?], key: String)] = [
            (["target_modules": [String]()], "target_modules"), (["target_modules": ""], "target_modules"),
            (["target_modules": #".*\.qurey"#], "target_modules"),
            (["target_modules": ["classifier"]], "target_modules"),
            (["layers_to_transform": [7]], "layers_to_transform"), (["layers_to_transform": -1], "layers_to_transform"),
            (["layers_to_transform": [0], "layers_pattern": "h"], "layers_pattern"),
            (["layers_to_transform": [0, 1, 2], "layers_pattern": ["blocks", "h"]], "layers_pattern"),
            (["target_modules": ["pooler.dense"], "layers_to_transform": [0]], "target_modules"),
            (["exclude_modules": ["query", "value"]], "exclude_modules"),
            (["exclude_modules": ".*"], "exclude_modules"),
            (["lora_alpha": 0], "lora_alpha"), (["lora_alpha": 0.0, "use_rslora": true], "lora_alpha"),
            (["lora_alpha": -8], "lora_alpha"), (["alpha_pattern": ["query": 0]], "alpha_pattern"),
            (["exclude_modules": #"bert\.encoder\..*"#], "exclude_modules"),
        ]
        for (changes, key) in empty {
            // With its tensors and without: the configuration alone adapts nothing.
            for isBare in [false, true] {
                let folder = try folder(changes) { tensors in
                    if isBare { tensors.removeAll { $0.name.contains("lora_") } }
                }
                guard case .invalidConfiguration(let named, let reason) = error(folder) else {
                    Issue.record("\(changes)")
                    continue
                }
                #expect(named == key && reason.hasSuffix(": nothing would be adapted"), "\(changes): \(reason)")
            }
        }
    }

    @Test func aFileWithoutPairsIsRefused() throws {
        for target: Any in [["query", "value"], "all-linear", #".*\.query"#] {
            let bare = try folder(["target_modules": target]) { tensors in
                tensors.removeAll { $0.name.contains("lora_") }
            }
            guard case .missingTensor(_, let reason) = error(bare) else {
                Issue.record("\(target)")
                continue
            }
            #expect(reason == "the file has no LoRA matrices: nothing would be adapted")
        }
    }

    /// Excluded layers have no tensors, the others do: one as the other is checked.
    @Test func exclusionsAndTensorsMustAgree() throws {
        let key = "base_model.model.bert.encoder.layer.1.attention.self.query.lora_A.weight"
        func isExcluded(_ tensor: NamedTensor) -> Bool { tensor.name.contains("layer.1.attention.self.query") }
        for exclusion: Any in [["layer.1.attention.self.query"], #".*\.1\..*\.query"#] {
            let whole = try folder(["exclude_modules": exclusion])
            #expect(error(whole) == .unexpectedTensor(key))
            let right = try load(folder(["exclude_modules": exclusion]) { $0.removeAll(where: isExcluded) })
            #expect(right.manifest.configuration.targets.count == 5)
            let stored = try Adapter(manifest: right.manifest, weights: right.weights, base: fixture.base)
            #expect(stored.digest == right.digest)
            let less = try folder(["exclude_modules": exclusion]) { tensors in
                tensors.removeAll { isExcluded($0) || $0.name.contains("layer.2.attention.self.value") }
            }
            guard case .missingTensor(let name, reason: "the configuration adapts this layer") = error(less) else {
                Issue.record("\(exclusion)")
                continue
            }
            #expect(name.contains("layer.2.attention.self.value"))
        }
    }

    @Test func partsOfTheBaseThatAreSavedWholeAreNamed() throws {
        for part in ["pooler", "bert.pooler", "embeddings", "word_embeddings", "LayerNorm", "encoder", "dense"] {
            let folder = try folder(["modules_to_save": ["classifier", "score", part]]) { tensors in
                tensors.append(NamedTensor(name: "base_model.model.bert.pooler.dense.bias", shape: [1], values: [0]))
            }
            guard case .unsupported(let feature, _) = error(folder) else {
                Issue.record("\(part)")
                continue
            }
            #expect(feature == "\"\(part)\" in modules_to_save")
        }
    }

    /// Errors name a tensor as the file does, not as this program would have.
    @Test func tensorsAreNamedAsTheFileNamesThem() throws {
        let bias = "base_model.model.bert.pooler.dense.bias"
        let extra = try folder { $0.append(NamedTensor(name: bias, shape: [1], values: [0])) }
        #expect(error(extra) == .unexpectedTensor(bias))
        let dumped = "base_model.model.classifier.modules_to_save.default.bias"
        let wide = try folder { tensors in
            tensors.removeAll { $0.name.hasSuffix("classifier.bias") }
            tensors.append(NamedTensor(name: dumped, shape: [2], values: [0, 0]))
        }
        #expect(error(wide) == .wrongShape(tensor: dumped, expected: [3], found: [2]))
    }

    @Test func aPickleAloneIsToldWhatToDo() throws {
        let folder = try folder()
        let weights = folder.path + "/adapter_model.safetensors"
        try FileManager.default.moveItem(atPath: weights, toPath: folder.path + "/adapter_model.bin")
        #expect(
            error(folder)
                == .unreadable(
                    file: weights,
                    reason: "no such file; adapter_model.bin is not read: save the adapter as safetensors"))
    }

    // MARK: - Names of labels

    private func names(_ labels: [String], _ source: String = "--labels") -> LabelNames {
        LabelNames(source: source, labels: labels)
    }

    /// The plain adapter's folder with a `config.json` of transformers beside it.
    private func folder(config: String) throws -> TemporaryFolder {
        let folder = try folder()
        try write(folder, "config.json", Data(config.utf8))
        return folder
    }

    @Test func labelsAreNamedByWhoeverNamesThem() throws {
        let abc = #"{"id2label": {"0": "a", "1": "b", "2": "c"}}"#
        let placeholders = #"{"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}}"#
        let cases: [(config: String?, names: [LabelNames], labels: [String])] = [
            (nil, [], ["LABEL_0", "LABEL_1", "LABEL_2"]), (nil, [names([])], ["LABEL_0", "LABEL_1", "LABEL_2"]),
            (nil, [names(["a", "b", "c"])], ["a", "b", "c"]), (abc, [], ["a", "b", "c"]),
            (abc, [names(["a", "b", "c"])], ["a", "b", "c"]),
            (nil, [names(["c", "a", "b"]), names(["c", "a", "b"], "x")], ["c", "a", "b"]),
            (placeholders, [names(["a", "b", "c"])], ["a", "b", "c"]),
            ("{}", [names(["a", "b", "c"])], ["a", "b", "c"]),
            (#"{"id2label": null}"#, [], ["LABEL_0", "LABEL_1", "LABEL_2"]),
            (#"{"id2label": {"2": 3, "0": 1, "1": "two"}}"#, [], ["1", "two", "3"]),
            // Who lists the placeholders in their order names nothing; in another order they are names.
            (nil, [names(["LABEL_0", " LABEL_1", "LABEL_2"])], ["LABEL_0", "LABEL_1", "LABEL_2"]),
            (nil, [names(["LABEL_2", "LABEL_1", "LABEL_0"])], ["LABEL_2", "LABEL_1", "LABEL_0"]),
            (nil, [names([" a", "b\t", "\u{a0}c\n"])], ["a", "b", "c"]),
            (#"{"id2label": {"0": " a ", "1": "b", "2": "c"}}"#, [names(["a", "b ", "c"])], ["a", "b", "c"]),
        ]
        let digest = try fixture.adapter("plain").digest
        for (config, names, labels) in cases {
            let adapter = try load(config.map(folder(config:)) ?? folder(), names: names)
            #expect(adapter.labels == labels)
            #expect((adapter.digest == digest) == adapter.hasPlaceholderLabels)
            #expect(try adapter.digest == fixture.adapter("plain").with { $0.labels = labels }.digest)
        }
    }

    @Test func namesThatDoNotFitAreRefused() throws {
        let abc = #"{"id2label": {"0": "a", "1": "b", "2": "c"}}"#
        let cases: [(config: String, names: [LabelNames], words: [String])] = [
            ("{}", [names(["a", "b"])], ["3 rows", "--labels has 2 labels"]),
            ("{}", [names(["a", "b", "c", "d"])], ["3 rows", "has 4 labels"]),
            (#"{"id2label": {"0": "a", "1": "b"}}"#, [], ["3 rows", "config.json has 2 labels"]),
            ("{}", [names(["a", "b", "b"])], ["two are equal"]), ("{}", [names(["a", "", "c"])], ["one is empty"]),
            ("{}", [names(["a", "b", " b"])], ["two are equal"]), ("{}", [names(["a", " ", "c"])], ["one is empty"]),
            ("{}", [names(["LABEL_0", "LABEL_1"])], ["3 rows", "has 2 labels"]),
            ("{}", [names(["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"])], ["3 rows", "has 4 labels"]),
            ("{}", [names(["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_2"])], ["3 rows", "has 4 labels"]),
            ("{}", [names(["LABEL_0", "LABEL_1", "LABEL_1"])], ["two are equal"]),
            (abc, [names(["a", "c", "b"])], ["row 1", "\"b\" in id2label of config.json", "\"c\" in --labels"]),
            (abc, [names(["x", "y", "z"])], ["row 0"]),
            (
                "{}", [names(["a", "b", "c"]), names(["c", "b", "a"], "p.yaml")],
                ["\"a\" in --labels", "\"c\" in p.yaml"]
            ),
        ]
        for (config, names, words) in cases {
            guard case .invalidLabels(let reason) = error(try folder(config: config), names: names) else {
                Issue.record("\(config) \(names)")
                continue
            }
            for word in words { #expect(reason.contains(word), "\(reason)") }
        }
        for map in [
            #"["a", "b", "c"]"#, #"{"a": "0", "b": "1", "c": "2"}"#, #"{"0": "a", "2": "c"}"#, #"{"0": ["a"]}"#, "7",
        ] {
            guard case .invalidConfiguration(key: "id2label", _) = error(try folder(config: #"{"id2label": \#(map)}"#))
            else {
                Issue.record("\(map)")
                continue
            }
        }
        guard case .invalidConfiguration(key: "config.json", _) = error(try folder(config: "no JSON")) else {
            return #expect(Bool(false))
        }
    }

    /// Bytes are compared, since Swift takes both forms of a letter for equal.
    @Test func namesAreInTheFormOfRowsLabels() throws {
        let given = ["cafe\u{301}", "b", "c"]
        let ids = #"{"id2label": {"0": "cafe\u0301", "1": "b", "2": "c"}}"#
        for adapter in [try load(folder(), names: [names(given)]), try load(folder(config: ids))] {
            #expect(adapter.labels.map { Array($0.utf8) } == ["caf\u{e9}", "b", "c"].map { Array($0.utf8) })
        }
    }

    /// `lorikeet.json` stands above all; a folder that this program wrote without names is as one without.
    @Test func ownNamesStandAboveOthers() throws {
        let named = try folder(config: #"{"id2label": {"0": "x", "1": "y", "2": "z"}}"#)
        try write(named, "lorikeet.json", Data(#"{"labels": ["a", "b", "c"]}"#.utf8))
        #expect(try load(named, names: [names(["x", "y"])]).labels == ["a", "b", "c"])
        let unnamed = try folder()
        try write(unnamed, "lorikeet.json", Data(#"{"labels": ["LABEL_0", "LABEL_1", "LABEL_2"]}"#.utf8))
        #expect(try load(unnamed, names: [names(["a", "b", "c"])]).labels == ["a", "b", "c"])
    }

    @Test func setsOfLabelsAreTakenFromWhoeverSaysSo() throws {
        let said = LabelNames(source: "x", labels: [], isMultiLabel: true)
        #expect(try !load(folder()).manifest.isMultiLabel)
        #expect(try load(folder(), names: [said]).manifest.isMultiLabel)
        #expect(try load(folder(config: #"{"problem_type": "multi_label_classification"}"#)).manifest.isMultiLabel)
        let single = try folder(config: #"{"problem_type": "single_label_classification"}"#)
        #expect(try !load(single, names: [said]).manifest.isMultiLabel)
        guard case .unsupported = error(try folder(config: #"{"problem_type": "regression"}"#)) else {
            return #expect(Bool(false))
        }
    }
}
