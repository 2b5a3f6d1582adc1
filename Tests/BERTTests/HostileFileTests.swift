import Foundation
import TestSupport
import Testing

@testable import BERT

/// Damaged files of bases and adapters: each is an error or gives a model that computes; none ends the program.
struct HostileFileTests {
    static let rounds = 10_000
    private let seed: UInt64

    /// The seed is that of `LORIKEET_TEST_SEED`, or always the same, so that a failure can be made again.
    init() {
        seed = ProcessInfo.processInfo.environment["LORIKEET_TEST_SEED"].flatMap(UInt64.init) ?? 2026
        print("seed of the damages: \(seed)")
    }

    private func bytes(_ folder: TemporaryFolder, _ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + name)))
    }

    @Test func damagedSafetensorsAreErrorsOrReadable() {
        let original = SafetensorsWriter.bytes([
            NamedTensor(name: "t", shape: [3, 2], values: [1, 2, 3, 4, 5, 6]),
            NamedTensor(name: "u", shape: [2], values: [7, 8]),
            NamedTensor(name: "v.w", shape: [], values: [9]),
        ])
        var mutator = FileMutator(seed: seed)
        var accepted = 0
        for round in 0..<Self.rounds {
            // Half of them leave the header's length and the data alone, so that the damage is not found at the first
            // look.
            let damaged =
                round % 2 == 0
                ? mutator.mutated(original)
                : withHonestLength(mutator.mutated(Array(original.dropFirst(8)), within: 170))
            damaged.withUnsafeBytes { bytes in
                guard let reader = try? SafetensorsReader(bytes) else { return }
                accepted += 1
                for name in reader.names {
                    if let values = try? reader.floats(name) { #expect(!values.contains { !$0.isFinite }) }
                }
            }
        }
        #expect(accepted > 0)
        print("\(accepted) of \(Self.rounds) damaged safetensors files can be read")
    }

    /// A header's length before the header and data that follow.
    private func withHonestLength(_ rest: [UInt8]) -> [UInt8] {
        let end = rest.lastIndex(of: UInt8(ascii: "}")) ?? rest.count - 1
        return withUnsafeBytes(of: UInt64(max(end + 1, 0)).littleEndian) { Array($0) } + rest
    }

    @Test func damagedConfigurationsAreErrorsOrSizesInRange() throws {
        for architecture in [BERTConfiguration.Architecture.bert, .distilbert] {
            let original = try bytes(try TestModels.tinyBase(architecture), "config.json")
            var mutator = FileMutator(seed: seed)
            var accepted = 0
            for _ in 0..<Self.rounds / 2 {
                guard let configuration = try? BERTConfiguration(json: mutator.mutated(original), file: "config.json")
                else { continue }
                accepted += 1
                #expect(configuration.hidden % configuration.heads == 0 && configuration.headSize >= 1)
                #expect(configuration.layers >= 1 && configuration.epsilon.isFinite)
            }
            #expect(accepted > 0)
        }
    }

    @Test func damagedIndexesAreErrorsOrNamesInTheFolder() throws {
        let original = Array(
            #"{"metadata": {"total_size": 8}, "weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}"#.utf8)
        var mutator = FileMutator(seed: seed)
        var accepted = 0
        for _ in 0..<Self.rounds {
            guard let names = try? WeightFiles.shardNames(mutator.mutated(original), file: "index") else { continue }
            accepted += 1
            #expect(!names.isEmpty && names.allSatisfy { !$0.contains("/") && $0.hasSuffix(".safetensors") })
        }
        #expect(accepted > 0)
    }

    @Test func damagedBasesAreErrorsOrCompute() throws {
        let folder = try TestModels.tinyBase(layers: 1, hidden: 8, positions: 8)
        let weights = try bytes(folder, "model.safetensors")
        let configuration = try bytes(folder, "config.json")
        var mutator = FileMutator(seed: seed)
        var accepted = 0
        for _ in 0..<1_000 {
            // Mostly the header, of about three kilobytes: damage to numbers only gives other numbers.
            let damaged = mutator.happens(80) ? mutator.mutated(weights, within: 3_000) : mutator.mutated(weights)
            try Data(damaged).write(to: URL(fileURLWithPath: folder.path + "/model.safetensors"))
            try Data(mutator.happens(20) ? mutator.mutated(configuration) : configuration)
                .write(to: URL(fileURLWithPath: folder.path + "/config.json"))
            guard let base = try? BERTBase(directory: folder.path) else { continue }
            accepted += 1
            let states = InferencePass(base: base).hiddenStates(below: 1, PackedBatch([[2, 9, 12, 3], [1]]))
            #expect(states.count == 5 * base.configuration.hidden)
        }
        #expect(accepted > 0)
    }

    @Test(arguments: ["plain", "dora", "biases", "everything"])
    func damagedAdapterWeightsAreErrorsOrClassify(name: String) throws {
        let fixture = try Fixture("bert")
        let adapter = try fixture.adapter(name)
        let original = adapter.weights
        let header = 8 + original.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        var mutator = FileMutator(seed: seed)
        var accepted = 0
        for _ in 0..<Self.rounds / 4 {
            let damaged = mutator.happens(80) ? mutator.mutated(original, within: header) : mutator.mutated(original)
            guard let read = try? Adapter(manifest: adapter.manifest, weights: damaged, base: fixture.base) else {
                continue
            }
            accepted += 1
            let logits = InferencePass(base: fixture.base).logits(
                PackedBatch([[2, 9, 3]]), adapters: [read], assignments: [[0]])
            #expect(logits.map { $0.map(\.count) } == [[adapter.labels.count]])
        }
        #expect(accepted > 0)
    }

    @Test func damagedAdapterConfigurationsAreErrorsOrClassify() throws {
        let base = try Self.tinyBase()
        let folder = try TemporaryFolder()
        let configuration = LoRAConfiguration(
            rank: 2, alpha: 4, targets: ["query", "dense"], rankPattern: ["query": 3], alphaPattern: ["query": 9])
        let adapter = try TestModels.adapter(over: base, labels: ["a", "b"], configuration: configuration)
        try adapter.write(to: folder.path)
        let (original, manifest) = (try bytes(folder, "adapter_config.json"), try bytes(folder, "lorikeet.json"))
        let weights = adapter.weights
        var mutator = FileMutator(seed: seed)
        var (accepted, loaded) = (0, 0)
        for round in 0..<Self.rounds {
            guard let read = try? PEFTConfiguration(json: mutator.mutated(original)) else { continue }
            accepted += 1
            var changed = adapter.manifest
            changed.configuration = read.configuration
            guard
                let adapter = try? Adapter(manifest: changed, weights: weights, base: base, exclusions: read.exclusions)
            else {
                continue
            }
            loaded += 1
            guard round % 10 == 0 else { continue }
            let logits = InferencePass(base: base).logits(
                PackedBatch([[2, 9, 3]]), adapters: [adapter], assignments: [[0]])
            #expect(logits.map { $0.map(\.count) } == [[2]])
        }
        #expect(accepted > 0 && loaded > 0)
        for _ in 0..<1_000 {
            try Data(mutator.mutated(manifest)).write(to: URL(fileURLWithPath: folder.path + "/lorikeet.json"))
            if let read = try? Adapter.load(directory: folder.path, base: base) { #expect(read.labels.count == 2) }
        }
    }

    private static func tinyBase() throws -> BERTBase {
        let folder = try TestModels.tinyBase(layers: 1, hidden: 8, positions: 8)
        return try withExtendedLifetime(folder) { try BERTBase(directory: folder.path) }
    }

    // MARK: - Single enemies

    private func base(_ prepare: (TemporaryFolder) throws -> Void) throws -> String {
        let folder = try TestModels.tinyBase()
        try prepare(folder)
        do {
            _ = try BERTBase(directory: folder.path)
            return "accepted"
        } catch {
            return "\(error)".replacingOccurrences(of: folder.path, with: "DIR")
        }
    }

    private func write(_ folder: TemporaryFolder, _ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
    }

    @Test func keysThatOccurTwiceAreRefused() throws {
        let reason = try base { folder in
            let text = String(decoding: try bytes(folder, "config.json"), as: UTF8.self)
            try write(
                folder, "config.json", text.replacing("{\"model_type\"", with: "{\"hidden_size\": 64, \"model_type\""))
        }
        #expect(reason == "DIR/config.json: key \"hidden_size\": occurs twice")
        let adapter = #"{"peft_type": "LORA", "r": 2, "r": 4, "target_modules": ["query"]}"#
        #expect(throws: AdapterError.invalidConfiguration(key: "r", reason: "occurs twice")) {
            try PEFTConfiguration(json: Array(adapter.utf8))
        }
    }

    @Test func nestedBombsAreRefused() throws {
        let bomb = String(repeating: "[", count: 1_000_000)
        let reason = try base { try write($0, "config.json", bomb) }
        #expect(reason == "DIR/config.json: not a JSON object: line 1: nested too deeply")
        let adapter = #"{"peft_type": "LORA", "r": 2, "x": \#(bomb)"#
        #expect(throws: AdapterError.self) { _ = try PEFTConfiguration(json: Array(adapter.utf8)) }
    }

    @Test func whatIsNoFileIsRefusedAtOnce() throws {
        for name in ["config.json", "model.safetensors"] {
            let pipe = try base { folder in
                try FileManager.default.removeItem(atPath: folder.path + "/" + name)
                #expect(mkfifo(folder.path + "/" + name, 0o600) == 0)
            }
            #expect(pipe == "DIR/\(name): not a file")
            let directory = try base { folder in
                try FileManager.default.removeItem(atPath: folder.path + "/" + name)
                try FileManager.default.createDirectory(
                    atPath: folder.path + "/" + name, withIntermediateDirectories: false)
            }
            #expect(directory == "DIR/\(name): not a file")
        }
    }

    @Test func filesLargerThanMemoryAreRefusedBeforeMemoryIsTaken() throws {
        func grown(_ name: String, to size: Int) throws -> String {
            try base { folder in #expect(truncate(folder.path + "/" + name, size) == 0) }
        }
        #expect(
            try grown("model.safetensors", to: 1 << 42).hasPrefix(
                "DIR/model.safetensors: 4398046511104 bytes are more than the "))
        #expect(try grown("config.json", to: 1 << 32).hasPrefix("DIR/config.json: 4294967296 bytes are more than the "))
    }

    @Test func tensorsOfTwoFilesWithOneNameAreRefused() throws {
        let reason = try base { folder in
            let weights = URL(fileURLWithPath: folder.path + "/model.safetensors")
            for number in 1...2 {
                try Data(contentsOf: weights).write(to: URL(fileURLWithPath: folder.path + "/m-\(number).safetensors"))
            }
            try FileManager.default.removeItem(at: weights)
            try write(
                folder, "model.safetensors.index.json",
                #"{"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}"#)
        }
        #expect(reason.hasSuffix("is also in another file"))
    }

    @Test func notFiniteAdaptersAreRefusedByName() throws {
        let base = try Self.tinyBase()
        let adapter = try TestModels.adapter(over: base, labels: ["a", "b"])
        for (name, value) in [("classifier.bias", Float.nan), ("classifier.weight", -.infinity)] {
            let key = AdapterLayout.key(name)
            var tensors = adapter.layout.named(adapter.values.pointer)
            let index = try #require(tensors.firstIndex { $0.name == key })
            tensors[index].values[1] = value
            #expect(throws: AdapterError.invalidWeights(.notFinite(tensor: key))) {
                try Adapter(manifest: adapter.manifest, weights: SafetensorsWriter.bytes(tensors), base: base)
            }
        }
    }

    @Test func ranksBeyondTheTensorsAreRefused() throws {
        let base = try Self.tinyBase()
        let adapter = try TestModels.adapter(
            over: base, labels: ["a", "b"], configuration: LoRAConfiguration(rank: 1, alpha: 1))
        var manifest = adapter.manifest
        manifest.configuration.rank = 4_096
        let key = AdapterLayout.key("bert.encoder.layer.0.attention.self.query.lora_A.weight")
        #expect(throws: AdapterError.wrongShape(tensor: key, expected: [4_096, 8], found: [1, 8])) {
            try Adapter(manifest: manifest, weights: adapter.weights, base: base)
        }
    }
}
