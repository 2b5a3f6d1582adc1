import Files
import Kernels

/// The file in a base's folder that keeps the weights of an int8 base as the kernels read them, so that a start neither
/// reads nor hashes nor rounds the weights in float32.
///
/// The file is made of:
/// - lines of text that say what the weights belong to, the last one with the base's digest;
/// - sections of bytes, in the order in which `Writer` writes the weights. Their sizes follow from the configuration
///   and the precision;
/// - the SHA-256 of everything before it.
///
/// Lines and sections are filled with zeros up to a multiple of 64. The file is read, not mapped: see `FileContents`.
///
/// A file that does not begin with the expected lines, or whose checksum is wrong, is not used but made anew. The
/// base's files count as unchanged while their stamps are (`FileStamp`). Who can write to the folder is trusted, as
/// with the base itself.
struct BaseCache: Sendable {
    /// Changes with the order and the meaning of lines and sections.
    static let formatVersion = 1
    /// Its name in the base's folder.
    static let name = "lorikeet-int8.cache"
    static let alignment = 64

    let path: String
    /// The lines but for the digest.
    private let identity: String
    private let configuration: BERTConfiguration
    private let precision: BasePrecision

    /// The file for a base as its files are now; nil if there is nothing to keep, or if a file has no stamp yet.
    init?(directory: String, configuration: BERTConfiguration, precision: BasePrecision) {
        guard precision.dataType == .int8, let names = try? WeightFiles.names(directory: directory)
        else { return nil }
        var lines = [
            "lorikeet base cache \(Self.formatVersion)", "packed form \(QuantizedWeight.formatVersion)",
            "base \(configuration.identity)", "precision \(precision)",
        ]
        for name in names {
            guard let stamp = FileStamp(path: directory + "/" + name) else { return nil }
            lines.append("file \(name) \(stamp)")
        }
        path = directory + "/" + Self.name
        identity = lines.map { $0 + "\n" }.joined()
        self.configuration = configuration
        self.precision = precision
    }

    /// The weights in the file; nil if it is missing, damaged or of another base, version or precision.
    func read() -> BERTBase.Weights? {
        guard let file = try? FileContents(path: path, atMost: .max) else { return nil }
        let digestCount = 2 * SHA256.Digest.byteCount
        let lines = lines(digest: String(repeating: "0", count: digestCount))
        let end = file.bytes.count - SHA256.Digest.byteCount
        guard end >= lines.count, file.bytes.starts(with: identity.utf8) else { return nil }
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(rebasing: file.bytes[..<end]))
        guard file.bytes[end...].elementsEqual(hash.finalize().bytes) else { return nil }
        let place = identity.utf8.count + Self.digestKey.utf8.count
        let digest = String(decoding: file.bytes[place..<place + digestCount], as: UTF8.self)
        var reader = Reader(
            file: file, range: lines.count..<end, configuration: configuration, precision: precision)
        return try? reader.weights(digest: digest)
    }

    /// Replaces the file. Where that is impossible, such as in a read-only folder, the next start reads the base's own
    /// files again.
    func write(_ weights: BERTBase.Weights) {
        let lines = lines(digest: weights.digest)
        try? AtomicFile(path: path).replace { (output) throws(FileError) in
            var writer = Writer(output)
            try writer.write(lines: lines, weights)
            try writer.seal()
        }
    }

    private static let digestKey = "digest "

    private func lines(digest: String) -> [UInt8] {
        let lines = Array((identity + Self.digestKey + digest + "\n").utf8)
        return lines + Array(repeating: 0, count: Self.padding(after: lines.count))
    }

    /// The zeros that follow so many bytes.
    static func padding(after count: Int) -> Int { (alignment - count % alignment) % alignment }
}
