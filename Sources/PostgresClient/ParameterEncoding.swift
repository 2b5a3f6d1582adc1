/// Parameters of a statement as libpq takes them, in one buffer that the call borrows.
struct ParameterEncoding {
    /// Every parameter followed by a zero byte.
    private var buffer: [UInt8] = []
    /// Where each parameter starts; `nil` is NULL.
    private var starts: [Int?] = []
    private var lengths: [Int32] = []
    /// 0: text, 1: binary.
    private var formats: [Int32] = []
    /// 0: the server infers it.
    private var types: [UInt32] = []

    private static let byteaType: UInt32 = 17
    private static let byteaArrayType: UInt32 = 1001
    private static let maximumBytes = 1 << 30
    private static let maximumCount = 65535

    /// - Throws: `invalidParameter` for U+0000 in a text, too many parameters or more than a gigabyte of them.
    init(_ values: [PostgresValue]) throws(PostgresError) {
        if values.count > Self.maximumCount {
            throw PostgresError(
                kind: .invalidParameter, sqlState: "54000",
                message: "\(values.count) parameters exceed the protocol's limit of \(Self.maximumCount)")
        }
        buffer.reserveCapacity(min(values.reduce(0) { $0 + Self.room(for: $1) }, Self.maximumBytes))
        for (index, value) in values.enumerated() {
            try append(value, number: index + 1)
        }
    }

    /// Calls `body` with libpq's arrays: count, types, values, lengths, formats.
    func withPointers<Result>(
        _ body: (Int32, [UInt32], [UnsafePointer<CChar>?], [Int32], [Int32]) -> Result
    ) -> Result {
        buffer.withUnsafeBytes { bytes in
            let values = starts.map { start in
                start.flatMap { bytes.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            return body(Int32(starts.count), types, values, lengths, formats)
        }
    }

    private mutating func append(_ value: PostgresValue, number: Int) throws(PostgresError) {
        let start = buffer.count
        encode(value)
        let binaryType = Self.binaryType(of: value)
        if binaryType == nil, buffer[start...].contains(0) {
            throw PostgresError(
                kind: .invalidParameter, sqlState: "22021",
                message: "parameter $\(number) contains U+0000, which PostgreSQL cannot store as text")
        }
        if buffer.count >= Self.maximumBytes {
            throw PostgresError(
                kind: .invalidParameter, sqlState: "54000",
                message: "parameter $\(number) makes the statement larger than 1 GiB")
        }
        let isNull = if case .null = value { true } else { false }
        starts.append(isNull ? nil : start)
        lengths.append(Int32(buffer.count - start))
        formats.append(binaryType == nil ? 0 : 1)
        types.append(binaryType ?? 0)
        buffer.append(0)
    }

    /// The type of what is sent in binary form; nil: it is sent as text. As text, bytes would take twice the room.
    private static func binaryType(of value: PostgresValue) -> UInt32? {
        switch value {
        case .bytes: byteaType
        case .byteStrings: byteaArrayType
        default: nil
        }
    }

    /// About what a value takes: exact enough that a buffer for a text or a payload of many megabytes never grows,
    /// which would keep it in memory twice.
    private static func room(for value: PostgresValue) -> Int {
        switch value {
        case .text(let text), .json(let text): text.utf8.count + 1
        case .bytes(let bytes): bytes.count + 1
        case .texts(let texts): texts.reduce(3) { $0 + ($1?.utf8.count ?? 1) * 33 / 32 + 3 }
        case .byteStrings(let strings): strings.reduce(21) { $0 + ($1?.count ?? 0) + 4 }
        case .integers(let numbers): 3 + 20 * numbers.count
        case .doubles(let numbers): 3 + 20 * numbers.count
        case .booleans(let flags): 3 + 5 * flags.count
        case .timestamps(let times): 3 + 32 * times.count
        case .null, .integer, .double, .boolean, .timestamp: 32
        }
    }

    /// A one-dimensional array of `bytea` in binary form: number of dimensions, whether there are NULLs, type of the
    /// elements, their number, the first index, and each with its length before it. An empty array has no dimension.
    private mutating func appendBinary(_ strings: [[UInt8]?]) {
        let hasNull = strings.contains { $0 == nil }
        for number in [strings.isEmpty ? 0 : 1, hasNull ? 1 : 0, Int(Self.byteaType)] { append(number) }
        if strings.isEmpty { return }
        for number in [strings.count, 1] { append(number) }
        for string in strings {
            append(string?.count ?? -1)
            if let string { buffer.append(contentsOf: string) }
        }
    }

    /// 32 bits, the most significant byte first.
    private mutating func append(_ number: Int) {
        withUnsafeBytes(of: Int32(truncatingIfNeeded: number).bigEndian) { buffer.append(contentsOf: $0) }
    }

    private mutating func encode(_ value: PostgresValue) {
        switch value {
        case .null: break
        case .text(let text), .json(let text): buffer.append(contentsOf: text.utf8)
        case .integer(let number): buffer.append(contentsOf: String(number).utf8)
        case .double(let number): buffer.append(contentsOf: PostgresText.double(number).utf8)
        case .boolean(let flag): buffer.append(flag ? UInt8(ascii: "t") : UInt8(ascii: "f"))
        case .bytes(let bytes): buffer.append(contentsOf: bytes)
        case .timestamp(let milliseconds): buffer.append(contentsOf: PostgresText.timestamp(milliseconds).utf8)
        case .texts(let texts): ArrayLiteral.append(texts, to: &buffer) { ArrayLiteral.appendQuoted($0.utf8, to: &$1) }
        case .integers(let numbers):
            ArrayLiteral.append(numbers, to: &buffer) { $1.append(contentsOf: String($0).utf8) }
        case .doubles(let numbers):
            ArrayLiteral.append(numbers, to: &buffer) { $1.append(contentsOf: PostgresText.double($0).utf8) }
        case .booleans(let flags):
            ArrayLiteral.append(flags, to: &buffer) { $1.append($0 ? UInt8(ascii: "t") : UInt8(ascii: "f")) }
        case .byteStrings(let strings): appendBinary(strings)
        case .timestamps(let values):
            ArrayLiteral.append(values, to: &buffer) {
                ArrayLiteral.appendQuoted(PostgresText.timestamp($0).utf8, to: &$1)
            }
        }
    }
}
