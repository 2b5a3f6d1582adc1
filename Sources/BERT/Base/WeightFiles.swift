import Crypto
import Foundation

/// The safetensors files of a base directory, mapped while they are read: one, or several named by an index.
final class WeightFiles {
    /// One mapped file.
    private final class Shard {
        let path: String
        let file: MappedFile
        let reader: SafetensorsReader

        init(path: String) throws(BaseError) {
            self.path = path
            do throws(SafetensorsError) {
                let mapped = try MappedFile(path: path)
                reader = try SafetensorsReader(mapped.bytes)
                file = mapped
            } catch {
                if case .file(let reason) = error { throw .unreadable(file: path, reason: reason) }
                throw .invalidWeights(file: path, error: error)
            }
        }
    }

    private let shards: [Shard]
    private var shardOfTensor: [String: Int] = [:]

    init(directory: String) throws(BaseError) {
        let single = directory + "/model.safetensors"
        let index = single + ".index.json"
        if FileManager.default.fileExists(atPath: single) {
            shards = [try Shard(path: single)]
        } else if let data = FileManager.default.contents(atPath: index) {
            var opened: [Shard] = []
            for name in try Self.shardNames(data, file: index) { opened.append(try Shard(path: directory + "/" + name)) }
            shards = opened
        } else {
            let pickled = FileManager.default.fileExists(atPath: directory + "/pytorch_model.bin")
            throw .unreadable(
                file: single,
                reason: pickled ? "no such file; pytorch_model.bin is not read, save the base as safetensors" : "no such file")
        }
        for (number, shard) in shards.enumerated() {
            for name in shard.reader.names { shardOfTensor[name] = number }
            for name in shard.reader.header.unsupported.keys { shardOfTensor[name] = number }
        }
    }

    private struct Index: Decodable {
        let weightMap: [String: String]
        private enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }

    private static func shardNames(_ json: Data, file: String) throws(BaseError) -> [String] {
        guard let index = try? JSONDecoder().decode(Index.self, from: json) else {
            throw .invalidValue(file: file, key: "weight_map", reason: "must map names of tensors to names of files")
        }
        let names = Set(index.weightMap.values).sorted()
        guard !names.isEmpty else { throw .invalidValue(file: file, key: "weight_map", reason: "is empty") }
        for name in names where name.contains("/") || !name.hasSuffix(".safetensors") {
            throw .invalidValue(file: file, key: "weight_map", reason: "names a file that is no safetensors file of this folder")
        }
        return names
    }

    /// The first file, to be named where none in particular is at fault.
    var path: String { shards.first?.path ?? "" }

    func contains(_ name: String) -> Bool { shardOfTensor[name] != nil }

    /// Checks that a tensor is there and has the given shape.
    func check(_ name: String, shape: [Int]) throws(BaseError) {
        let shard = try shard(of: name)
        let found: [Int]
        do throws(SafetensorsError) { found = try shard.reader.entry(name).shape } catch {
            throw .invalidWeights(file: shard.path, error: error)
        }
        guard found == shape else { throw .wrongShape(file: shard.path, tensor: name, expected: shape, found: found) }
    }

    /// Copies a tensor of the given shape to `destination` as float32.
    func copy(_ name: String, shape: [Int], to destination: UnsafeMutablePointer<Float>) throws(BaseError) {
        try check(name, shape: shape)
        let shard = try shard(of: name)
        do throws(SafetensorsError) { try shard.reader.copy(name, to: destination) } catch {
            if case .notFinite(let tensor) = error { throw .notFinite(file: shard.path, tensor: tensor) }
            throw .invalidWeights(file: shard.path, error: error)
        }
    }

    private func shard(of name: String) throws(BaseError) -> Shard {
        guard let number = shardOfTensor[name] else { throw .missingTensor(file: path, tensor: name) }
        return shards[number]
    }

    /// Adds the bytes of all files to a hash.
    func update(_ hash: inout SHA256) {
        for shard in shards { hash.update(bufferPointer: shard.file.bytes) }
    }
}
