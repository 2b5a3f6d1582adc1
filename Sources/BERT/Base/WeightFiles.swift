import Files
import FoundationEssentials

/// The safetensors files of a base, one or several named by an index. They are open until their tensors are copied, and
/// never in memory as a whole.
final class WeightFiles {
    /// One file.
    private final class Shard {
        let path: String
        let file: OpenFile
        let reader: SafetensorsReader

        init(path: String) throws(BaseError) {
            self.path = path
            do throws(FileError) { file = try OpenFile(path: path) } catch {
                throw .unreadable(file: path, reason: "\(error)")
            }
            do throws(SafetensorsError) { reader = try SafetensorsReader(file) } catch {
                throw .invalidWeights(file: path, error: error)
            }
        }
    }

    private let shards: [Shard]
    private var shardOfTensor: [String: Int] = [:]

    init(directory: String) throws(BaseError) {
        var opened: [Shard] = []
        for name in try Self.names(directory: directory) { opened.append(try Shard(path: directory + "/" + name)) }
        shards = opened
        for (number, shard) in shards.enumerated() {
            for name in shard.reader.names + shard.reader.header.unsupported.keys {
                guard shardOfTensor.updateValue(number, forKey: name) == nil else {
                    throw .invalidWeights(
                        file: shard.path, error: .invalidRange(tensor: name, reason: "is also in another file"))
                }
            }
        }
    }

    /// The names of a base's weight files in its folder.
    static func names(directory: String) throws(BaseError) -> [String] {
        let name = "model.safetensors"
        let single = directory + "/" + name
        let index = single + ".index.json"
        if FileManager.default.fileExists(atPath: single) { return [name] }
        if FileManager.default.fileExists(atPath: index) {
            return try shardNames(try ConfigurationValues.bytes(file: index), file: index)
        }
        let pickled = ["pytorch_model.bin", "pytorch_model.bin.index.json"].first {
            FileManager.default.fileExists(atPath: directory + "/" + $0)
        }
        throw .unreadable(
            file: single,
            reason: "no such file" + (pickled.map { "; \($0) is not read: save the base as safetensors" } ?? ""))
    }

    /// The names of files under `weight_map`, sorted.
    static func shardNames(_ json: [UInt8], file: String) throws(BaseError) -> [String] {
        let index = try ConfigurationValues.parse(json, file: file)
        func invalid(_ reason: String) -> BaseError { .invalidValue(file: file, key: "weight_map", reason: reason) }
        guard case .object(let members)? = index["weight_map"] else {
            throw invalid("must map tensor names to file names")
        }
        guard !members.isEmpty else { throw invalid("is empty") }
        var names: Set<String> = []
        for (_, value) in members {
            guard case .string(let name) = value else { throw invalid("must map tensor names to file names") }
            guard !name.contains("/"), name.hasSuffix(".safetensors") else {
                throw invalid("names a file that is not a safetensors file in this folder")
            }
            names.insert(name)
        }
        return names.sorted()
    }

    /// The first file, for errors that concern no file in particular.
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
    ///
    /// - Parameter elements: of the tensor; all of them by default.
    func copy(
        _ name: String, shape: [Int], elements: Range<Int>? = nil, to destination: UnsafeMutablePointer<Float>
    ) throws(BaseError) {
        try check(name, shape: shape)
        let shard = try shard(of: name)
        do throws(SafetensorsError) { try shard.reader.copy(name, elements: elements, to: destination) } catch {
            if case .notFinite(let tensor) = error { throw .notFinite(file: shard.path, tensor: tensor) }
            throw .invalidWeights(file: shard.path, error: error)
        }
    }

    private func shard(of name: String) throws(BaseError) -> Shard {
        guard let number = shardOfTensor[name] else { throw .missingTensor(file: path, tensor: name) }
        return shards[number]
    }

    /// Adds the bytes of all files to a hash.
    ///
    /// - Throws: also if a file has changed since it was opened: then the tensors may not be what is hashed.
    func update(_ hash: inout SHA256) throws(BaseError) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.hashedAtOnce, alignment: 64)
        defer { memory.deallocate() }
        for shard in shards {
            do throws(FileError) {
                for place in stride(from: 0, to: shard.file.size, by: memory.count) {
                    let count = try shard.file.read(from: place, into: memory)
                    hash.update(UnsafeRawBufferPointer(rebasing: memory[..<count]))
                }
            } catch {
                throw .unreadable(file: shard.path, reason: "\(error)")
            }
            guard shard.file.isUnchanged else {
                throw .unreadable(file: shard.path, reason: "was changed while it was read")
            }
        }
    }

    /// Bytes that fit into the second-level cache.
    private static let hashedAtOnce = 256 << 10
}
