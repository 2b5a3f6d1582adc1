import Files
import FoundationEssentials

/// The rows that an adapter was trained on, so that no adapter is judged by them.
///
/// Of each text it keeps 32 bits of the hash that decides about hold-out, and nothing of the text itself. A text that
/// an adapter was trained on is always known as one. Any other text is mistaken for one with a chance of n / 2³² for n
/// rows: 0.002 % for 100,000 rows. Such a text is not held out, which harms no comparison.
public struct TrainingRowSet: Sendable, Equatable {
    /// The first 32 bits of each text's hash, each once, ascending.
    private let prefixes: [UInt32]
    /// How many rows there are, and when they were added.
    public let range: TrainingRowRange

    /// - Parameters:
    ///   - hashes: of the normalized texts.
    ///   - times: when the rows were added, where that is known.
    ///   - ids: their ids, where there are any.
    public init(hashes: some Sequence<UInt64>, times: [Date] = [], ids: [Int64] = []) {
        let prefixes = Set(hashes.lazy.map(Self.prefix)).sorted()
        self.init(
            prefixes: prefixes,
            range: TrainingRowRange(
                rows: prefixes.count, digest: Self.digest(prefixes), oldestAt: times.min(), newestAt: times.max(),
                oldestID: ids.min(), newestID: ids.max()))
    }

    private init(prefixes: [UInt32], range: TrainingRowRange) { (self.prefixes, self.range) = (prefixes, range) }

    /// Whether a text with this hash is one of the rows.
    public func contains(hash: UInt64) -> Bool {
        let wanted = Self.prefix(hash)
        var (low, high) = (0, prefixes.count)
        while low < high {
            let middle = (low + high) / 2
            if prefixes[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low < prefixes.count && prefixes[low] == wanted
    }

    /// How many of the rows another set lacks.
    public func count(missingFrom other: TrainingRowSet) -> Int { Set(prefixes).subtracting(other.prefixes).count }

    /// The rows of both: those of an adapter that was trained further.
    public func union(_ other: TrainingRowSet) -> TrainingRowSet {
        let all = Set(prefixes).union(other.prefixes).sorted()
        func least<Value: Comparable>(_ path: KeyPath<TrainingRowRange, Value?>) -> Value? {
            [range[keyPath: path], other.range[keyPath: path]].compactMap(\.self).min()
        }
        func greatest<Value: Comparable>(_ path: KeyPath<TrainingRowRange, Value?>) -> Value? {
            [range[keyPath: path], other.range[keyPath: path]].compactMap(\.self).max()
        }
        return TrainingRowSet(
            prefixes: all,
            range: TrainingRowRange(
                rows: all.count, digest: Self.digest(all), oldestAt: least(\.oldestAt), newestAt: greatest(\.newestAt),
                oldestID: least(\.oldestID), newestID: greatest(\.newestID)))
    }

    private static func prefix(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

    private static func digest(_ prefixes: [UInt32]) -> String { SHA256.hash(bytes(prefixes)).hexadecimal }

    // MARK: - Bytes

    /// Four bytes per row, the most significant one first, ascending.
    public var bytes: [UInt8] { Self.bytes(prefixes) }

    /// Reads what ``bytes`` gave.
    ///
    /// - Returns: nil if the bytes are damaged: their digest is not that of the range.
    public init?(bytes: [UInt8], range: TrainingRowRange) {
        guard bytes.count == range.rows * 4, SHA256.hash(bytes).hexadecimal == range.digest else { return nil }
        let prefixes = stride(from: 0, to: bytes.count, by: 4).map { place in
            bytes[place..<place + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        guard zip(prefixes, prefixes.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        self.init(prefixes: prefixes, range: range)
    }

    private static func bytes(_ prefixes: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(prefixes.count * 4)
        for prefix in prefixes {
            for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: prefix >> shift)) }
        }
        return bytes
    }
}

/// How many rows an adapter was trained on, and from when they are.
public struct TrainingRowRange: Sendable, Equatable, Codable {
    /// Different texts.
    public var rows: Int
    /// SHA-256 over the rows' hashes in hexadecimal: equal for the same texts.
    public var digest: String
    /// When the oldest row was added; nil if that is unknown, as for rows of a file.
    public var oldestAt: Date?
    /// When the newest row was added.
    public var newestAt: Date?
    /// The lowest id of a row.
    public var oldestID: Int64?
    /// The highest id of a row.
    public var newestID: Int64?

    /// A range; what is left out is unknown.
    public init(
        rows: Int, digest: String, oldestAt: Date? = nil, newestAt: Date? = nil, oldestID: Int64? = nil,
        newestID: Int64? = nil
    ) {
        (self.rows, self.digest, self.oldestAt, self.newestAt) = (rows, digest, oldestAt, newestAt)
        (self.oldestID, self.newestID) = (oldestID, newestID)
    }

    /// Reads what ``json`` gave; nil if it is something else.
    public init?(json: [UInt8]) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let range = try? decoder.decode(TrainingRowRange.self, from: Data(json)), range.rows >= 0 else {
            return nil
        }
        self = range
    }

    /// An object of JSON. Its times are exact to the second.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private enum CodingKeys: String, CodingKey {
        case rows, digest
        case oldestAt = "oldest_at"
        case newestAt = "newest_at"
        case oldestID = "oldest_id"
        case newestID = "newest_id"
    }
}
