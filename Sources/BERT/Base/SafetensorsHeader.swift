import JSON

/// The number types that weights may have.
enum SafetensorsType: String, Sendable {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"

    var bytesPerElement: Int { self == .float32 ? 4 : 2 }
}

/// The place of a tensor in a safetensors file.
struct SafetensorsEntry: Sendable, Equatable {
    let type: SafetensorsType
    let shape: [Int]
    /// The bytes, counted from the end of the header.
    let bytes: Range<Int>

    var elementCount: Int { shape.reduce(1, *) }
}

/// The header of a safetensors file. It is checked that the tensors fill the file without gaps.
struct SafetensorsHeader: Sendable {
    /// The limit of the format.
    static let maximumBytes: UInt64 = 100_000_000

    let entries: [String: SafetensorsEntry]
    /// The tensors of other number types, with their type. They are an error only if they are read.
    let unsupported: [String: String]
    /// The offset of the tensors' bytes in the file.
    let dataOffset: Int

    /// - Parameters:
    ///   - start: the first bytes of the file, at least its header.
    ///   - fileSize: the size of the whole file.
    init(_ start: UnsafeRawBufferPointer, fileSize: Int) throws(SafetensorsError) {
        guard start.count >= 8 else { throw .truncated }
        let length = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
        guard length <= Self.maximumBytes else { throw .headerTooLarge(bytes: length) }
        dataOffset = 8 + Int(length)
        guard dataOffset <= start.count else { throw .truncated }
        let raw = try Self.decode(UnsafeRawBufferPointer(rebasing: start[8..<dataOffset]))
        (entries, unsupported) = try Self.check(raw, dataBytes: fileSize - dataOffset)
    }

    private static func decode(_ json: UnsafeRawBufferPointer) throws(SafetensorsError) -> [String: RawEntry] {
        guard json.first == UInt8(ascii: "{") else { throw .malformedHeader(reason: "does not begin with {") }
        do throws(JSONSyntaxError) {
            var scanner = JSONScanner(json)
            let entries = try RawEntry.readAll(&scanner)
            try scanner.end()
            return entries
        } catch {
            throw .malformedHeader(reason: error.reason)
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
                throw .invalidRange(tensor: name, reason: "has \(bytes.count) bytes, but its shape requires \(size)")
            }
            entries[name] = SafetensorsEntry(type: type, shape: entry.shape, bytes: bytes)
        }
        try refuseGaps(ranges, dataBytes: dataBytes)
        return (entries, unsupported)
    }

    private static func range(of entry: RawEntry, name: String, dataBytes: Int) throws(SafetensorsError) -> Range<Int> {
        guard entry.offsets.count == 2, entry.offsets[0] <= entry.offsets[1] else {
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
            let (product, overflow) = total.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            total = product
        }
        return total
    }

    /// Checks that the tensors' bytes follow one another without gaps to the end of the file, as the format requires. A
    /// damaged offset thus never refers to bytes of another tensor.
    private static func refuseGaps(_ ranges: [(name: String, bytes: Range<Int>)], dataBytes: Int)
        throws(SafetensorsError)
    {
        var end = 0
        let sorted = ranges.sorted {
            ($0.bytes.lowerBound, $0.bytes.upperBound, $0.name) < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.name)
        }
        for (name, bytes) in sorted {
            guard bytes.lowerBound >= end else { throw .invalidRange(tensor: name, reason: "overlaps another tensor") }
            guard bytes.lowerBound == end else {
                throw .invalidRange(tensor: name, reason: "does not follow the tensor before it")
            }
            end = bytes.upperBound
        }
        guard end == dataBytes else {
            throw .malformedHeader(reason: "\(dataBytes - end) bytes at the end belong to no tensor")
        }
    }
}

extension SafetensorsHeader {
    /// The unchecked JSON of a tensor.
    private struct RawEntry {
        let type: String
        let shape: [Int]
        let offsets: [Int]

        /// No tensor of a model has more dimensions.
        private static let mostDimensions = 8

        /// Reads all members of the header except `__metadata__`, which is free text.
        static func readAll(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> [String: RawEntry] {
            var entries: [String: RawEntry] = [:]
            var hasMetadata = false
            try scanner.object { (name, scanner) throws(JSONSyntaxError) in
                if name == "__metadata__" {
                    guard !hasMetadata else { throw scanner.error("__metadata__ occurs twice") }
                    hasMetadata = true
                    try scanner.object { (_, scanner) throws(JSONSyntaxError) in _ = try scanner.quoted() }
                    return
                }
                let entry = try RawEntry(&scanner)
                guard entries.updateValue(entry, forKey: name) == nil else {
                    throw scanner.error("a tensor occurs twice")
                }
            }
            return entries
        }

        private init(_ scanner: inout JSONScanner) throws(JSONSyntaxError) {
            var (type, shape, offsets): (String?, [Int]?, [Int]?)
            try scanner.object { (key, scanner) throws(JSONSyntaxError) in
                let isRepeated =
                    switch key {
                    case "dtype": type != nil
                    case "shape": shape != nil
                    case "data_offsets": offsets != nil
                    default: throw scanner.error("a tensor has a member that the format does not have")
                    }
                guard !isRepeated else { throw scanner.error("a tensor's \(key) occurs twice") }
                switch key {
                case "dtype": type = try scanner.quoted()
                case "shape": shape = try Self.sizes(&scanner, atMost: Self.mostDimensions)
                default: offsets = try Self.sizes(&scanner, atMost: 2)
                }
            }
            guard let type, let shape, let offsets else {
                throw scanner.error("a tensor lacks dtype, shape or data_offsets")
            }
            (self.type, self.shape, self.offsets) = (type, shape, offsets)
        }

        private static func sizes(_ scanner: inout JSONScanner, atMost most: Int) throws(JSONSyntaxError) -> [Int] {
            var sizes: [Int] = []
            try scanner.array { (scanner) throws(JSONSyntaxError) in
                guard sizes.count < most else { throw scanner.error("a list of more than \(most) numbers") }
                sizes.append(try scanner.size())
            }
            return sizes
        }
    }
}
