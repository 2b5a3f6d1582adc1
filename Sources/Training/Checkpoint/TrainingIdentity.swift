import BERT
import Files
import Foundation

/// What a training is of: two trainings of the same identity give the same bits.
struct TrainingIdentity: Sendable, Codable, Equatable {
    /// With the number of workers decided: it takes part in the order of sums.
    var settings: TrainingSettings
    var labels: [String]
    var base: String
    /// Digests of rows in their order.
    var training: String
    var validation: String
    /// Digest of the adapter that it started from.
    var start: String?

    init(
        settings: TrainingSettings, labels: [String], base: BERTBase, training: [LabelledText],
        validation: [LabelledText], start: Adapter?
    ) {
        self.settings = settings
        self.settings.workers = settings.workerCount
        self.labels = labels
        self.base = base.digest
        self.training = Self.digest(training)
        self.validation = Self.digest(validation)
        self.start = start?.digest
    }

    private static func digest(_ rows: [LabelledText]) -> String {
        var hash = SHA256()
        for row in rows {
            withUnsafeBytes(of: UInt64(row.labels.count).littleEndian) { hash.update($0) }
            for part in row.labels + [row.text] {
                // Lengths first, so that no two lists of rows look alike.
                withUnsafeBytes(of: UInt64(part.utf8.count).littleEndian) { hash.update($0) }
                hash.update(part.utf8)
            }
        }
        return hash.finalize().hexadecimal
    }

    /// What differs from another one, in words, with both values where these are settings; never a text.
    func differences(from other: TrainingIdentity) throws -> [String] {
        var found = try Self.settings(settings, other.settings)
        if labels != other.labels { found.append("the labels") }
        if base != other.base { found.append("the base") }
        if training != other.training { found.append("the rows to learn from") }
        if validation != other.validation { found.append("the validation rows") }
        if start != other.start { found.append("the adapter to start from") }
        return found
    }

    private static func settings(_ left: TrainingSettings, _ right: TrainingSettings) throws -> [String] {
        let (left, right) = (try values(left), try values(right))
        return Set(left.keys).union(right.keys).sorted().compactMap { key in
            let (now, then) = (left[key] ?? "none", right[key] ?? "none")
            return now == then ? nil : "\(key) (\(then) then, \(now) now)"
        }
    }

    /// Each setting as JSON.
    private static func values(_ settings: TrainingSettings) throws -> [String: String] {
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(settings)) as? [String: Any] ?? [:]
        return try object.mapValues {
            String(
                decoding: try JSONSerialization.data(withJSONObject: $0, options: [.fragmentsAllowed, .sortedKeys]),
                as: UTF8.self)
        }
    }
}
