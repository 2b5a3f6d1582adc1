import Files
import Foundation
import Kernels
import TestSupport
import Testing

@testable import BERT

/// The file that keeps an int8 base's weights: a start from it gives the same bits, and a wrong one is never used.
struct BaseCacheTests {
    private static let int8 = BasePrecision(.int8)

    /// A fixture's base in a folder of its own.
    private func copy(_ name: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for file in try FileManager.default.contentsOfDirectory(atPath: Fixture.folder(name))
        where file.hasPrefix("model") || file == "config.json" {
            try Data(contentsOf: URL(fileURLWithPath: Fixture.folder(name) + "/" + file))
                .write(to: URL(fileURLWithPath: folder.path + "/" + file))
        }
        return folder
    }

    /// The file of a base. Its files have no stamps in the tick of the clock in which they were written.
    private func cache(_ folder: TemporaryFolder, _ precision: BasePrecision = int8) throws -> BaseCache {
        let configuration = try BERTConfiguration(directory: folder.path)
        while true {
            let cache = BaseCache(directory: folder.path, configuration: configuration, precision: precision)
            if let cache { return cache }
        }
    }

    /// A start that may read and write the file.
    private func start(_ folder: TemporaryFolder, _ precision: BasePrecision = int8) throws -> BERTBase {
        _ = try cache(folder)
        return try BERTBase(directory: folder.path, precision: precision, cache: true)
    }

    /// The logits and gradients of an adapter over a base, which depend on all weights.
    private func results(_ base: BERTBase, _ name: String, _ adapter: String = "plain") throws -> [Float] {
        let fixture = try Fixture(name)
        let adapter = try Adapter.load(directory: fixture.adapterFolder(adapter), base: base)
        let batch = PackedBatch(fixture.sequences)
        let targets = fixture.sequences.map { _ in 1 }
        let logits = InferencePass(base: base).logits(
            batch, adapters: [adapter], assignments: fixture.sequences.map { _ in [0] })
        var result = logits.flatMap { $0.flatMap(\.self) }
        // DoRA is not trained.
        guard let trainable = try? TrainableAdapter(continuing: adapter, base: base) else { return result }
        var gradient = [Float](repeating: 0, count: trainable.parameterCount)
        let loss = gradient.withUnsafeMutableBufferPointer {
            TrainingPass(base: base, adapter: trainable).accumulateGradient(batch: batch, targets: targets, into: $0)
        }
        result.append(loss)
        return result + gradient
    }

    private func bytes(_ cache: BaseCache) throws -> [UInt8] { try FileContents.array(path: cache.path, atMost: .max) }

    private func write(_ bytes: [UInt8], _ cache: BaseCache) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: cache.path))
    }

    /// The content with a checksum that fits.
    private func sealed(_ bytes: [UInt8]) -> [UInt8] {
        let content = bytes.dropLast(SHA256.Digest.byteCount)
        return content + SHA256.hash(content).bytes
    }

    /// Expects that a start does not use the file but makes it anew, and that results are right.
    private func expectAnew(_ folder: TemporaryFolder, _ what: Comment, expected: [Float]) throws {
        let cache = try cache(folder)
        #expect(cache.read() == nil, what)
        #expect(try results(try start(folder), "bert") == expected, what)
        #expect(cache.read() != nil, what)
    }

    @Test(arguments: [
        ("bert", "everything"), ("bert", "dora"), ("bert-half", "plain"), ("bert-brain", "plain"),
        ("bert-odd", "rank1"), ("bert-odd", "dora"), ("distilbert", "everything"), ("distilbert-odd", "all"),
    ])
    func aStartFromTheFileGivesTheSameBits(name: String, adapter: String) throws {
        let folder = try copy(name)
        for precision in [
            Self.int8,
            Self.int8.keeping(
                [.init(layer: 1, group: .output), .init(layer: 0, group: .queryKeyValue)], in: .float32),
            Self.int8.keeping([.init(layer: 0, group: .output)], in: .bfloat16)
                .keeping([.init(layer: 1, group: .queryKeyValue)], in: .float32),
        ] {
            let cache = try cache(folder, precision)
            #expect(cache.read() == nil)
            let without = try BERTBase(directory: folder.path, precision: precision)
            #expect(cache.read() == nil)
            let first = try start(folder, precision)
            #expect(cache.read() != nil)
            let again = try start(folder, precision)
            #expect(again.digest == without.digest && first.digest == without.digest)
            let expected = try results(without, name, adapter)
            #expect(try results(first, name, adapter) == expected)
            #expect(try results(again, name, adapter) == expected)
        }
    }

    /// A start that made the file anew would give the same bits, too.
    @Test func aSecondStartReadsTheFileAndDoesNotWriteIt() throws {
        let folder = try copy("bert")
        _ = try start(folder)
        let written = try #require(folder.fileNumber(BaseCache.name))
        _ = try start(folder)
        #expect(folder.fileNumber(BaseCache.name) == written, "it was written again")
        // Where it cannot be used, it is.
        try write([], try cache(folder))
        let damaged = try #require(folder.fileNumber(BaseCache.name))
        _ = try start(folder)
        #expect(folder.fileNumber(BaseCache.name) != damaged)
    }

    /// The file is written to a link to `/dev/full`, which has no room for anything.
    @Test func aFullDiskCostsTheFileAndNothingElse() throws {
        let folder = try copy("bert")
        let expected = try results(try BERTBase(directory: folder.path, precision: Self.int8), "bert")
        let cache = try cache(folder)
        let new = cache.path + ".new"
        try FileManager.default.createSymbolicLink(atPath: new, withDestinationPath: "/dev/full")
        #expect(try results(try start(folder), "bert") == expected)
        #expect(cache.read() == nil && !FileManager.default.fileExists(atPath: cache.path))
        #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: new)) == nil, "nothing is left behind")
        // Once there is room, the next start writes it.
        #expect(try results(try start(folder), "bert") == expected)
        #expect(cache.read() != nil)
    }

    /// A real disk that fills in the middle of the file: only root can make one. Elsewhere the test above has to do.
    @Test(.enabled(if: geteuid() == 0)) func aDiskThatFillsUpCostsTheFileAndNothingElse() throws {
        let whole = try copy("bert")
        let expected = try results(try start(whole), "bert")
        let size = try bytes(try cache(whole)).count
        let folder = try TemporaryFolder()
        guard try mount(["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder.path]) else { return }
        defer { _ = try? Self.run("/bin/umount", ["--lazy", folder.path]) }
        for name in try FileManager.default.contentsOfDirectory(atPath: whole.path) where name != BaseCache.name {
            try Data(contentsOf: URL(fileURLWithPath: whole.path + "/" + name))
                .write(to: URL(fileURLWithPath: folder.path + "/" + name))
        }
        // Half of the file has room.
        var disk = statvfs()
        try #require(statvfs(folder.path, &disk) == 0)
        let used = Int(disk.f_blocks - disk.f_bfree) * Int(disk.f_frsize)
        try #require(try mount(["-o", "remount,size=\(used + size / 2)", folder.path]))
        for _ in 0..<2 { #expect(try results(try start(folder), "bert") == expected) }
        let content = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!content.contains { $0.hasPrefix(BaseCache.name) }, "half of the file is left behind: \(content)")
        try #require(try mount(["-o", "remount,size=64m", folder.path]))
        #expect(try results(try start(folder), "bert") == expected)
        #expect(try cache(folder).read() != nil)
    }

    /// Whether it can be mounted: a container's root may not.
    private func mount(_ arguments: [String]) throws -> Bool { try Self.run("/bin/mount", arguments) }

    private static func run(_ program: String, _ arguments: [String]) throws -> Bool {
        let process = try Process.run(URL(fileURLWithPath: program), arguments: arguments)
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test func aBaseOutlivesItsFile() throws {
        let folder = try copy("bert")
        let expected = try results(try start(folder), "bert")
        let base = try start(folder)
        try write([], try cache(folder))
        #expect(try results(base, "bert") == expected)
    }

    @Test func float32NeedsNoFile() throws {
        let folder = try copy("bert")
        _ = try start(folder, .float32)
        #expect(!FileManager.default.fileExists(atPath: try cache(folder).path))
    }

    @Test func truncatedAndLongerFilesAreMadeAnew() throws {
        let folder = try copy("bert")
        let expected = try results(try start(folder), "bert")
        let cache = try cache(folder)
        let whole = try bytes(cache)
        for count in [0, 1, 31, 32, 33, 400, 512, whole.count / 2, whole.count - 33, whole.count - 32, whole.count - 1]
        {
            try write(Array(whole[..<count]), cache)
            try expectAnew(folder, "\(count) bytes", expected: expected)
            try write(sealed(Array(whole[..<max(count, 32)])), cache)
            try expectAnew(folder, "\(count) bytes with a checksum", expected: expected)
        }
        try write(whole + [0], cache)
        try expectAnew(folder, "a byte more", expected: expected)
        try write(sealed(whole + Array(repeating: 0, count: 64)), cache)
        try expectAnew(folder, "64 bytes more", expected: expected)
    }

    @Test func flippedBitsAreFound() throws {
        let folder = try copy("bert")
        _ = try start(folder)
        let cache = try cache(folder)
        let whole = try bytes(cache)
        var random = SplitMix64(seed: 17)
        let places = (0..<300).map { _ in Int(random.next() % UInt64(whole.count)) } + [0, whole.count - 1]
        for place in places {
            var flipped = whole
            flipped[place] ^= 1 << UInt8(random.next() % 8)
            try write(flipped, cache)
            #expect(cache.read() == nil, "seed 17, byte \(place)")
        }
        try write(whole, cache)
        #expect(cache.read() != nil)
    }

    /// A code that is not that of the recorded sum could overflow a product.
    @Test func codesThatDoNotFitTheirSumsAreRefusedEvenWithAChecksum() throws {
        let folder = try copy("bert")
        let expected = try results(try start(folder), "bert")
        let cache = try cache(folder)
        var wrong = try bytes(cache)
        let weight = try #require(try start(folder).layers[0].attentionOutput.quantizedParts.first)
        let codes = Array(weight.bytes)
        let place = try #require(
            stride(from: 0, to: wrong.count - codes.count, by: 64).first {
                wrong[$0..<$0 + codes.count].elementsEqual(codes)
            })
        wrong[place] ^= 0x40
        try write(sealed(wrong), cache)
        try expectAnew(folder, "a changed code", expected: expected)
    }

    @Test func filesOfOtherBasesVersionsAndPrecisionsAreMadeAnew() throws {
        let folder = try copy("bert")
        let expected = try results(try start(folder), "bert")
        let cache = try cache(folder)
        let whole = try bytes(cache)
        let other = try copy("bert")
        _ = try start(other)
        try write(try bytes(try self.cache(other)), cache)
        try expectAnew(folder, "a copy of the base", expected: expected)
        _ = try start(folder, Self.int8.keeping([.init(layer: 0, group: .output)], in: .float32))
        try expectAnew(folder, "another precision", expected: expected)
        for (line, changed) in [
            ("base cache \(BaseCache.formatVersion)", "base cache 0"),
            ("packed form \(QuantizedWeight.formatVersion)", "packed form 0"), ("heads=4", "heads=8"),
        ] {
            var wrong = whole
            let place = try #require(wrong.firstRange(of: Array(line.utf8)))
            wrong.replaceSubrange(place, with: changed.utf8)
            try write(sealed(wrong), cache)
            try expectAnew(folder, "\(changed)", expected: expected)
        }
    }

    /// By another file, also one with the old time, and by a write into the same one.
    @Test(arguments: [true, false]) func aReplacedBaseIsNoticed(inPlace: Bool) throws {
        let folder = try copy("bert")
        let old = try start(folder)
        let before = try results(old, "bert")
        let path = folder.path + "/model.safetensors"
        let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
        var weights = try FileContents.array(path: path, atMost: .max)
        // The highest bit of the significand of the last floats.
        for place in stride(from: weights.count - 2, to: weights.count - 800, by: -4) { weights[place] ^= 0x40 }
        if inPlace {
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.write(contentsOf: weights)
            try file.close()
        } else {
            try AtomicFile(path: path).replace(weights)
        }
        if let time { try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path) }
        let expected = try BERTBase(directory: folder.path, precision: Self.int8)
        #expect(try cache(folder).read() == nil)
        let new = try start(folder)
        #expect(new.digest == expected.digest && new.digest != old.digest)
        let after = try results(new, "bert")
        #expect(try after == results(expected, "bert") && after != before)
    }

    /// Folders stand where the files would be written: this keeps also an administrator from writing.
    @Test(arguments: ["", ".new"]) func aFolderThatCannotBeWrittenIsNoError(suffix: String) throws {
        let folder = try copy("bert")
        let expected = try results(try BERTBase(directory: folder.path, precision: Self.int8), "bert")
        let cache = try cache(folder)
        try FileManager.default.createDirectory(
            atPath: cache.path + suffix + "/full", withIntermediateDirectories: true)
        for _ in 0..<2 {
            #expect(try results(try start(folder), "bert") == expected)
            #expect(cache.read() == nil)
        }
    }
}
