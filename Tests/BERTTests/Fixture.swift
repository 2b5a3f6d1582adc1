import Foundation
import Testing

@testable import BERT

/// What PyTorch and PEFT wrote about one tiny base: see `Fixtures/make_fixtures.py`.
struct Fixture {
    struct Gradient: Decodable {
        let targets: [Int]
        let loss: Double
        let weights: [Float]?
        let smoothing: Float?
    }

    struct Case: Decodable {
        /// Only in int8.json, where each adapter has its own.
        let sequences: [[Int32]]?
        let logits: [[Float]]
        let labels: Int
        let gradient: Gradient?
    }

    private struct Content: Decodable {
        /// Only in cases.json.
        let sequences: [[Int32]]?
        let adapters: [String: Case]
    }

    let name: String
    let base: BERTBase
    let sequences: [[Int32]]
    let cases: [String: Case]

    init(_ name: String, precision: BasePrecision = .float32) throws {
        self.name = name
        base = try BERTBase(directory: Fixture.folder(name), precision: precision)
        let content = try Fixture.content(name, "cases.json")
        sequences = content.sequences ?? []
        cases = content.adapters
    }

    private static func content(_ name: String, _ file: String) throws -> Content {
        let url = URL(fileURLWithPath: folder(name) + "/" + file)
        return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
    }

    /// What PyTorch computed over the base in int8, by adapter: see `Fixtures/make_int8_fixtures.py`.
    static func int8Cases(_ name: String) throws -> [String: Case] { try content(name, "int8.json").adapters }

    static func folder(_ name: String) -> String {
        (Bundle.module.resourcePath ?? Bundle.module.bundlePath) + "/Fixtures/" + name
    }

    func adapterFolder(_ adapter: String) -> String { Fixture.folder(name) + "/adapters/" + adapter }

    func adapter(_ adapter: String) throws -> Adapter {
        try Adapter.load(directory: adapterFolder(adapter), base: base)
    }

    /// The logits of all sequences, or of others, in one batch, by one adapter.
    func logits(_ adapter: Adapter, _ others: [[Int32]]? = nil) -> [[Float]] {
        let sequences = others ?? sequences
        let pass = InferencePass(base: base)
        return pass.logits(PackedBatch(sequences), adapters: [adapter], assignments: sequences.map { _ in [0] }).map {
            $0[0]
        }
    }

    /// The gradients that PyTorch computed, by PEFT's key (which for biases leaves `base_layer` out).
    func gradients(_ adapter: String, folder: String = "gradients") throws -> [String: [Float]] {
        let bytes = try Array(
            Data(contentsOf: URL(fileURLWithPath: Fixture.folder(name) + "/\(folder)/\(adapter).safetensors")))
        return try bytes.withUnsafeBytes { bytes in
            let reader = try SafetensorsReader(bytes)
            return try Dictionary(uniqueKeysWithValues: reader.names.map { ($0, try reader.floats($0)) })
        }
    }
}

/// The largest difference between two lists, divided by the largest value.
func deviation(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    let largest = expected.map { abs($0) }.max() ?? 0
    return zip(found, expected).map { abs($0 - $1) }.max().map { $0 / max(largest, 1e-6) } ?? 0
}

func deviation(_ found: [[Float]], _ expected: [[Float]]) -> Float {
    found.count == expected.count ? deviation(found.flatMap(\.self), expected.flatMap(\.self)) : .infinity
}
