import Foundation
import TestSupport
import Testing

@testable import BERT

/// Adapters on disk and in bytes: PEFT's format both ways, and everything that is wrong with one.
struct AdapterTests {
    private let fixture: Fixture

    init() throws { fixture = try Fixture("bert") }

    private func tensors(_ adapter: Adapter) throws -> [NamedTensor] { adapter.layout.named(adapter.values.pointer) }

    private func make(
        _ tensors: [NamedTensor], _ configuration: LoRAConfiguration, labels: [String] = ["a", "b", "c"],
        baseDigest: String? = nil
    ) throws(AdapterError) -> Adapter {
        let manifest = AdapterManifest(labels: labels, baseDigest: baseDigest, configuration: configuration)
        return try Adapter(manifest: manifest, weights: SafetensorsWriter.bytes(tensors), base: fixture.base)
    }

    private func error(_ body: () throws -> Any) -> AdapterError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? AdapterError
        }
    }

    // MARK: - Round trips

    @Test(arguments: ["plain", "patterns", "dense", "everything", "biases", "dora", "top"])
    func writtenAdaptersAreReadAgain(name: String) throws {
        let adapter = try fixture.adapter(name)
        let folder = try TemporaryFolder()
        try adapter.write(to: folder.path + "/a")
        let again = try Adapter.load(directory: folder.path + "/a", base: fixture.base)
        #expect(again.manifest == adapter.manifest)
        #expect(again.weights == adapter.weights)
        #expect(again.digest == adapter.digest)
        #expect(fixture.logits(again) == fixture.logits(adapter))
        let stored = try Adapter(
            manifest: AdapterManifest(json: adapter.manifest.canonicalJSON), weights: adapter.weights,
            base: fixture.base)
        #expect(stored.digest == adapter.digest)
    }

    @Test func everythingInAManifestIsKept() throws {
        let trainable = try TrainableAdapter(
            base: fixture.base,
            configuration: LoRAConfiguration(
                rank: 2, alpha: 0.5, dropout: 0.1, targets: ["value", "query"], layers: [2, 1]),
            labels: ["ä", "b / c"], seed: 4)
        let adapter = try trainable.frozen(task: "section", maxTokens: 128, createdBy: "test 1", temperature: 1.25)
        let folder = try TemporaryFolder()
        try adapter.write(to: folder.path + "/deep/er")
        let again = try Adapter.load(directory: folder.path + "/deep/er/", base: fixture.base)
        #expect(again.manifest == adapter.manifest)
        #expect(again.manifest.baseDigest == fixture.base.digest)
        #expect(again.manifest.configuration.layers == [1, 2])
        #expect((again.manifest.task, again.manifest.maxTokens, again.manifest.temperature) == ("section", 128, 1.25))
        #expect(again.digest == adapter.digest)
    }

    /// The base of another type is the same base; the adapter says over which it was trained.
    @Test func theTypeOfTheTrainingIsKept() throws {
        let int8 = try Fixture("bert", precision: BasePrecision(.int8)).base
        #expect(int8.digest == fixture.base.digest && int8.dataType == .int8)
        let folder = try TemporaryFolder()
        for base in [fixture.base, int8] {
            let trainable = try TrainableAdapter(
                base: base, configuration: LoRAConfiguration(rank: 2, alpha: 4), labels: ["a", "b"], seed: 4)
            let adapter = try trainable.frozen()
            let path = folder.path + "/\(base.dataType)"
            try adapter.write(to: path)
            for other in [fixture.base, int8] {
                let again = try Adapter.load(directory: path, base: other)
                #expect(again.manifest.trainingDataType == base.dataType && again.baseDtype == other.dtype)
                #expect(again.digest == adapter.digest)
            }
            let json = String(decoding: adapter.manifest.canonicalJSON, as: UTF8.self)
            // Adapters of older versions keep their digests: float32 is not written.
            #expect(json.contains("\"dtype\":\"int8\"") == (base.dataType == .int8), "\(json)")
            #expect(try AdapterManifest(json: Array(json.utf8)) == adapter.manifest)
        }
        let file = folder.path + "/int8/lorikeet.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("\"int8\""))
        try Data(text.replacing("\"int8\"", with: "\"int3\"").utf8).write(to: URL(fileURLWithPath: file))
        #expect(
            error { try Adapter.load(directory: folder.path + "/int8", base: int8) }
                == .invalidConfiguration(key: "dtype", reason: "has an unknown value"))
    }

    @Test func digestFollowsLabelsAndWeights() throws {
        let plain = try fixture.adapter("plain")
        let content = try tensors(plain)
        let configuration = plain.manifest.configuration
        #expect(try make(content, configuration).digest == make(content.reversed(), configuration).digest)
        #expect(
            try make(content, configuration).digest != make(content, configuration, labels: ["a", "b", "d"]).digest)
        var other = content
        other[0].values[0] += 1
        #expect(try make(content, configuration).digest != make(other, configuration).digest)
    }

    @Test func folderIsReplacedAsAWholeAndKeepsOtherFiles() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a"
        try fixture.adapter("plain").write(to: path)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: path + "/notes.txt"))
        let second = try fixture.adapter("top")
        try second.write(to: path)
        #expect(try Adapter.load(directory: path, base: fixture.base).digest == second.digest)
        #expect(FileManager.default.contents(atPath: path + "/notes.txt") == Data("mine".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
    }

    @Test func foldersOfOthersAreNotReplaced() throws {
        let folder = try TemporaryFolder()
        try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.path + "/notes.txt"))
        let adapter = try fixture.adapter("plain")
        #expect(
            throws: AdapterError.unwritable(file: folder.path, reason: "is not empty and does not contain an adapter")
        ) {
            try adapter.write(to: folder.path)
        }
        guard case .unwritable = error({ try adapter.write(to: folder.path + "/notes.txt") }) else {
            return #expect(Bool(false))
        }
        guard case .unwritable = error({ try adapter.write(to: folder.path + "/notes.txt/below") }) else {
            return #expect(Bool(false))
        }
    }

    // MARK: - Names

    @Test func namesOfRawDumpsAreAliases() throws {
        let plain = try fixture.adapter("plain")
        var dumped = try tensors(plain)
        for index in dumped.indices {
            dumped[index].name = dumped[index].name.replacing("lora_A.weight", with: "lora_A.default.weight")
                .replacing("lora_B.weight", with: "lora_B.default.weight")
                .replacing("classifier.", with: "classifier.modules_to_save.default.")
        }
        dumped.append(NamedTensor(name: "base_model.model.classifier.original_module.weight", shape: [1], values: [0]))
        let adapter = try make(dumped, plain.manifest.configuration, labels: plain.labels)
        #expect(adapter.weights == plain.weights)
        let biases = try fixture.adapter("biases")
        var short = try tensors(biases)
        for index in short.indices { short[index].name = short[index].name.replacing("base_layer.bias", with: "bias") }
        #expect(try make(short, biases.manifest.configuration).weights == biases.weights)
        let dora = try fixture.adapter("dora")
        var long = try tensors(dora)
        for index in long.indices where long[index].name.hasSuffix("lora_magnitude_vector") {
            long[index].name += ".default.weight"
        }
        #expect(try make(long, dora.manifest.configuration).weights == dora.weights)
    }

    @Test func patternsOfTargetsAreUnderstood() throws {
        let plain = try fixture.adapter("plain")
        var configuration = plain.manifest.configuration
        configuration.targets = []
        configuration.targetPattern = #".*\.(query|value)"#
        let adapter = try make(try tensors(plain), configuration)
        #expect(adapter.manifest.configuration.targetPattern == nil)
        #expect(adapter.manifest.configuration.targets.count == 6)
        #expect(fixture.logits(adapter) == fixture.logits(plain))
        configuration.targetPattern = "("
        guard case .invalidConfiguration(key: "target_modules", _) = error({ try make([], configuration) }) else {
            return #expect(Bool(false), "a pattern that is none")
        }
    }

    @Test func ambiguousPatternsAreRefused() throws {
        let configuration = LoRAConfiguration(rank: 4, rankPattern: ["query": 2, "self.query": 3])
        guard
            case .invalidConfiguration(key: "rank_pattern", _) = error({
                try TrainableAdapter(base: fixture.base, configuration: configuration, labels: ["a", "b"], seed: 1)
            })
        else { return #expect(Bool(false)) }
    }

    // MARK: - What is refused

    @Test func wrongTensorsAreNamed() throws {
        let plain = try fixture.adapter("plain")
        let configuration = plain.manifest.configuration
        let content = try tensors(plain)
        let name = content[0].name
        var missing = content
        missing.removeFirst()
        #expect(
            error { try make(missing, configuration) }
                == .missingTensor(name, reason: "only the other matrix of this layer is there"))
        guard
            case .missingTensor(_, reason: "the configuration adapts this layer") = error({
                try make(content.filter { !$0.name.contains("layer.1.") }, configuration)
            })
        else { return #expect(Bool(false)) }
        var wide = content
        wide[0] = NamedTensor(name: name, shape: [5, 32], values: Array(repeating: 0, count: 160))
        #expect(
            error { try make(wide, configuration) } == .wrongShape(tensor: name, expected: [4, 32], found: [5, 32]))
        var infinite = content
        infinite[0].values[3] = .infinity
        #expect(error { try make(infinite, configuration) } == .invalidWeights(.notFinite(tensor: name)))
        let extra = NamedTensor(
            name: "base_model.model.bert.embeddings.word_embeddings.weight", shape: [1], values: [0])
        #expect(error { try make(content + [extra], configuration) } == .unexpectedTensor(extra.name))
        guard
            case .missingTensor = error({ try make(content.filter { !$0.name.contains("classifier") }, configuration) })
        else {
            return #expect(Bool(false))
        }
    }

    @Test func labelsMustFitTheHead() throws {
        let plain = try fixture.adapter("plain")
        let content = try tensors(plain)
        for labels in [[], ["a", "b"], ["a", "b", "b"], ["a", "", "c"], ["a", "b", "c", "d"]] {
            guard case .invalidLabels = error({ try make(content, plain.manifest.configuration, labels: labels) })
            else {
                return #expect(Bool(false), "\(labels)")
            }
        }
    }

    @Test func adaptersOfOtherBasesAreRefused() throws {
        let plain = try fixture.adapter("plain")
        #expect(
            error { try make(try tensors(plain), plain.manifest.configuration, baseDigest: "0123") }
                == .anotherBase(expected: "0123", found: fixture.base.digest))
        let distil = try Fixture("distilbert")
        #expect(error { try Adapter.load(directory: fixture.adapterFolder("plain"), base: distil.base) } != nil)
        let folder = try TestModels.tinyBase()
        let other = try BERTBase(directory: folder.path)
        #expect(
            error { try TrainableAdapter(continuing: plain, base: other) }
                == .anotherBase(expected: fixture.base.digest, found: other.digest))
    }

    /// A copy of the plain adapter's folder with one key of its configuration changed.
    private func changed(_ key: String, _ value: Any?) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let source = fixture.adapterFolder("plain")
        let file = URL(fileURLWithPath: source + "/adapter_config.json")
        var values = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        values[key] = value
        try JSONSerialization.data(withJSONObject: values).write(
            to: URL(fileURLWithPath: folder.path + "/adapter_config.json"))
        try FileManager.default.copyItem(
            atPath: source + "/adapter_model.safetensors", toPath: folder.path + "/adapter_model.safetensors")
        return folder
    }

    /// Keeps the folder until it has been read.
    private func load(_ folder: TemporaryFolder) throws -> Adapter {
        try withExtendedLifetime(folder) { try Adapter.load(directory: folder.path, base: fixture.base) }
    }

    @Test func initializationsThatChangeTheBaseAreRefused() throws {
        let names = [
            "pissa": "PiSSA", "pissa_niter_16": "PiSSA", "olora": "OLoRA", "corda": "CorDA", "lora_ga": "LoRA-GA",
            "loftq": "LoftQ",
        ]
        for (name, title) in names {
            guard
                case .unsupported(let feature, let reason) = error({
                    try load(changed("init_lora_weights", name))
                })
            else { return #expect(Bool(false), "\(name)") }
            #expect(feature == title && reason.contains("changes the base's weights"))
        }
        for harmless: Any in ["gaussian", "eva", false, "orthogonal"] {
            #expect(error { try load(changed("init_lora_weights", harmless)) } == nil)
        }
    }

    /// In a registry, which keeps manifests, and in training as in folders.
    @Test func alphasThatAdaptNothingAreRefused() throws {
        let plain = try fixture.adapter("plain")
        for alpha in [0, -0.0, -1, 1e-60, .nan, .infinity] as [Double] {
            for (key, configuration) in [
                ("lora_alpha", LoRAConfiguration(alpha: alpha)),
                ("alpha_pattern", LoRAConfiguration(alphaPattern: ["query": alpha])),
            ] {
                let refusals = [
                    error {
                        try plain.with { manifest in
                            manifest.configuration.alpha = configuration.alpha
                            manifest.configuration.alphaPattern = configuration.alphaPattern
                        }
                    },
                    error {
                        try TrainableAdapter(
                            base: fixture.base, configuration: configuration, labels: ["a", "b"], seed: 1)
                    },
                ]
                for refusal in refusals {
                    guard case .invalidConfiguration(key: key, let reason) = refusal else {
                        Issue.record("\(key) \(alpha): \(String(describing: refusal))")
                        continue
                    }
                    #expect(!(alpha <= 0) || reason == "must be above 0: nothing would be adapted")
                }
            }
        }
    }

    @Test func otherMethodsAreRefused() throws {
        let wrong: [(String, Any)] = [
            ("peft_type", "IA3"), ("task_type", "CAUSAL_LM"), ("bias", "all"), ("fan_in_fan_out", true),
            ("lora_bias", true),
            ("use_qalora", true), ("layer_replication", [[0, 1]]), ("trainable_token_indices", [1]),
            ("target_parameters", ["x"]),
        ]
        for (key, value) in wrong {
            guard case .unsupported = error({ try load(changed(key, value)) }) else {
                return #expect(Bool(false), "\(key)")
            }
        }
    }

    @Test func brokenConfigurationsNameTheKey() throws {
        let wrong: [(String, Any?)] = [
            ("r", nil), ("r", "8"), ("r", 0), ("lora_alpha", "x"), ("bias", "some"), ("peft_type", nil),
            ("lora_dropout", 1.0),
            ("rank_pattern", ["query": 0]), ("target_modules", 7),
        ]
        for (key, value) in wrong {
            guard case .invalidConfiguration = error({ try load(changed(key, value)) }) else {
                return #expect(Bool(false), "\(key)")
            }
        }
    }

    @Test func missingFilesAreNamed() throws {
        let folder = try changed("r", 4)
        try FileManager.default.removeItem(atPath: folder.path + "/adapter_model.safetensors")
        guard case .unreadable(let file, _) = error({ try Adapter.load(directory: folder.path, base: fixture.base) })
        else {
            return #expect(Bool(false))
        }
        #expect(file == folder.path + "/adapter_model.safetensors")
        let broken = try changed("r", 4)
        try Data("{}".utf8).write(to: URL(fileURLWithPath: broken.path + "/lorikeet.json"))
        #expect(
            error { try Adapter.load(directory: broken.path, base: fixture.base) }
                == .invalidConfiguration(key: "labels", reason: "is missing"))
    }

    @Test func unknownTargetsNameTheKnownOnes() throws {
        let configuration = LoRAConfiguration(targets: ["qurey"])
        guard
            case .unknownTarget(let name, let known) = error({
                try TrainableAdapter(base: fixture.base, configuration: configuration, labels: ["a", "b"], seed: 1)
            })
        else { return #expect(Bool(false)) }
        #expect(name == "qurey" && known.contains("query"))
        guard
            case .invalidConfiguration(key: "layers_to_transform", _) = error({
                try TrainableAdapter(
                    base: fixture.base, configuration: LoRAConfiguration(layers: [3]), labels: ["a", "b"], seed: 1)
            })
        else { return #expect(Bool(false)) }
        guard
            case .invalidConfiguration(key: "target_modules", let reason) = error({
                let pooler = LoRAConfiguration(targets: ["pooler.dense"], layers: [0])
                return try TrainableAdapter(base: fixture.base, configuration: pooler, labels: ["a", "b"], seed: 1)
            })
        else { return #expect(Bool(false)) }
        #expect(reason.contains("nothing would be adapted"))
        guard
            case .unsupported = error({
                try TrainableAdapter(
                    base: fixture.base, configuration: LoRAConfiguration(useDoRA: true), labels: ["a", "b"], seed: 1)
            })
        else { return #expect(Bool(false)) }
    }

    // MARK: - Learning on

    @Test func continuedAdaptersKeepTheirValuesAndKnownLabels() throws {
        let plain = try fixture.adapter("plain")
        let same = try TrainableAdapter(continuing: plain, base: fixture.base).frozen()
        #expect(fixture.logits(same) == fixture.logits(plain))
        let grown = try TrainableAdapter(
            continuing: plain, base: fixture.base, labels: ["LABEL_2", "new", "LABEL_0"], seed: 3
        ).frozen()
        let (before, after) = (fixture.logits(plain), fixture.logits(grown))
        for (one, other) in zip(before, after) {
            #expect(abs(one[2] - other[0]) < 1e-5 && abs(one[0] - other[2]) < 1e-5)
        }
    }

    @Test func firstValuesAreAFunctionOfTheSeed() throws {
        func values(_ seed: UInt64) throws -> [UInt8] {
            try TrainableAdapter(
                base: fixture.base, configuration: LoRAConfiguration(), labels: ["a", "b"], seed: seed
            ).frozen().weights
        }
        #expect(try values(1) == values(1))
        #expect(try values(1) != values(2))
    }

    @Test func valuesThatAreNotFiniteCannotBeFrozen() throws {
        let adapter = try TrainableAdapter(
            base: fixture.base, configuration: LoRAConfiguration(), labels: ["a", "b"], seed: 1)
        adapter.values[3] = .nan
        guard case .invalidWeights(.notFinite) = error({ try adapter.frozen() }) else { return #expect(Bool(false)) }
    }
}
