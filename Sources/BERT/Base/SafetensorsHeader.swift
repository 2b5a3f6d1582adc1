import Foundation

/// The types of numbers that weights may have.
enum SafetensorsType: String, Sendable {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"

    var bytesPerElement: Int { self == .float32 ? 4 : 2 }
}

/// One tensor's place in a safetensors file.
struct SafetensorsEntry: Sendable, Equatable {
    let type: SafetensorsType
    let shape: [Int]
    /// Bytes, counted from the end of the header.
    let bytes: Range<Int>

    var elementCount: Int { shape.reduce(1, *) }
}

/// The header of a safetensors file, checked against the size of the file: every range lies inside, none overlap.
struct SafetensorsHeader: Sendable {
    /// The format's own limit.
    static let maximumBytes: UInt64 = 100_000_000

    let entries: [String: SafetensorsEntry]
    /// Names of tensors whose type is none that weights may have, with that type: an error only if one of them is asked for.
    let unsupported: [String: String]
    /// Where the tensors' bytes begin in the file.
    let dataOffset: Int

    init(_ file: UnsafeRawBufferPointer) throws(SafetensorsError) {
        guard file.count >= 8 else { throw .truncated }
        let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard length <= Self.maximumBytes else { throw .headerTooLarge(bytes: length) }
        dataOffset = 8 + Int(length)
        guard dataOffset <= file.count else { throw .truncated }
        let raw = try Self.decode(UnsafeRawBufferPointer(rebasing: file[8..<dataOffset]))
        (entries, unsupported) = try Self.check(raw, dataBytes: file.count - dataOffset)
    }

    private static func decode(_ json: UnsafeRawBufferPointer) throws(SafetensorsError) -> [String: RawEntry] {
        guard json.first == UInt8(ascii: "{") else { throw .malformedHeader(reason: "does not begin with {") }
        do {
            return try JSONDecoder().decode(RawHeader.self, from: Data(json)).entries
        } catch {
            throw .malformedHeader(reason: "not the JSON that the format asks for")
        }
    }

    private static func check(
        _ raw: [String: RawEntry], dataBytes: Int
    ) throws(SafetensorsError) -> (entries: [String: SafetensorsEntry], unsupported: [String: String]) {
        var entries: [String: SafetensorsEntry] = [:]
        var unsupported: [String: String] = [:]
        var ranges: [(name: String, bytes: Range<Int>)] = []
        for (name, entry) in raw {
            let bytes = try range(of: entry, name: name, dataBytes: dataBytes)
            ranges.append((name, bytes))
            guard let type = SafetensorsType(rawValue: entry.type) else {
                unsupported[name] = entry.type
                continue
            }
            guard let size = byteCount(shape: entry.shape, type: type) else {
                throw .invalidRange(tensor: name, reason: "its shape overflows")
            }
            guard size == bytes.count else {
                throw .invalidRange(tensor: name, reason: "has \(bytes.count) bytes where its shape asks for \(size)")
            }
            entries[name] = SafetensorsEntry(type: type, shape: entry.shape, bytes: bytes)
        }
        try refuseOverlaps(ranges)
        return (entries, unsupported)
    }

    private static func range(of entry: RawEntry, name: String, dataBytes: Int) throws(SafetensorsError) -> Range<Int> {
        guard entry.offsets.count == 2, entry.offsets[0] >= 0, entry.offsets[0] <= entry.offsets[1] else {
            throw .invalidRange(tensor: name, reason: "its data_offsets are not a range")
        }
        guard entry.offsets[1] <= dataBytes else {
            throw .invalidRange(tensor: name, reason: "lies beyond the end of the file")
        }
        return entry.offsets[0]..<entry.offsets[1]
    }

    private static func byteCount(shape: [Int], type: SafetensorsType) -> Int? {
        var total = type.bytesPerElement
        for extent in shape {
            guard extent >= 0 else { return nil }
            let (product, overflow) = total.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            total = product
        }
        return total
    }

    private static func refuseOverlaps(_ ranges: [(name: String, bytes: Range<Int>)]) throws(SafetensorsError) {
        let sorted = ranges.filter { !$0.bytes.isEmpty }.sorted { ($0.bytes.lowerBound, $0.name) < ($1.bytes.lowerBound, $1.name) }
        for (lower, upper) in zip(sorted, sorted.dropFirst()) where upper.bytes.lowerBound < lower.bytes.upperBound {
            throw .invalidRange(tensor: upper.name, reason: "overlaps tensor \"\(lower.name)\"")
        }
    }
}

/// A tensor as the JSON says it, unchecked.
private struct RawEntry: Decodable {
    let type: String
    let shape: [Int]
    let offsets: [Int]

    private enum CodingKeys: String, CodingKey {
        case type = "dtype"
        case shape
        case offsets = "data_offsets"
    }
}

/// All keys of the JSON but `__metadata__`, which is free text.
private struct RawHeader: Decodable {
    var entries: [String: RawEntry] = [:]

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Name.self)
        for name in values.allKeys where name.stringValue != "__metadata__" {
            entries[name.stringValue] = try values.decode(RawEntry.self, forKey: name)
        }
    }
}
