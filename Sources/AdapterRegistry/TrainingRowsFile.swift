import Files
import FoundationEssentials

/// `training_rows.json` in an adapter's folder: the rows that the adapter was trained on.
///
/// PEFT does not read it, and it is not part of the adapter's digest. It names the weights that it belongs to, so that
/// it counts for nothing beside weights that were trained further.
public enum TrainingRowsFile {
    /// The file's name.
    public static let name = "training_rows.json"
    /// About 20 million rows. A larger file is refused.
    private static let largest = 128 << 20

    private struct Content: Codable {
        var weightsDigest: String
        var range: TrainingRowRange
        var hashes: Data

        enum CodingKeys: String, CodingKey {
            case range, hashes
            case weightsDigest = "weights_digest"
        }
    }

    /// Why a file cannot be read.
    public struct Damage: Error, CustomStringConvertible {
        /// A sentence for a person.
        public let description: String
    }

    /// The content of the file beside these weights.
    public static func content(_ rows: TrainingRowSet, weights: [UInt8]) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let content = Content(
            weightsDigest: SHA256.hash(weights).hexadecimal, range: rows.range, hashes: Data(rows.bytes))
        return (try? encoder.encode(content)).map(Array.init) ?? []
    }

    /// Reads the rows of the adapter in a folder.
    ///
    /// - Returns: nil if they are unknown: there is no such file, or it belongs to other weights.
    public static func read(directory: String, weights: [UInt8]) throws(Damage) -> TrainingRowSet? {
        let path = directory + "/" + name
        let bytes: [UInt8]
        do throws(FileError) { bytes = try FileContents.array(path: path, atMost: largest) } catch {
            if case .missing = error { return nil }
            throw Damage(description: "\(path): cannot be read: \(error)")
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let content = try? decoder.decode(Content.self, from: Data(bytes)) else {
            throw Damage(description: "\(path): is not a list of training rows; remove it if they are unknown")
        }
        guard content.weightsDigest == SHA256.hash(weights).hexadecimal else { return nil }
        guard let rows = TrainingRowSet(bytes: Array(content.hashes), range: content.range) else {
            throw Damage(description: "\(path): is damaged: its hashes do not have the digest that it names")
        }
        return rows
    }
}
