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
    private static let maximumBytes = 1 << 30
    private static let maximumCount = 65535

    /// - Throws: `invalidParameter` for U+0000 in a text, too many parameters or more than a gigabyte of them.
    init(_ values: [PostgresValue]) throws(PostgresError) {
        if values.count > Self.maximumCount {
            throw PostgresError(
                kind: .invalidParameter, sqlState: "54000",
                message: "\(values.count) parameters exceed the protocol's limit of \(Self.maximumCount)")
        }
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
        let isBinary = if case .bytes = value { true } else { false }
        if !isBinary, buffer[start...].contains(0) {
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
        formats.append(isBinary ? 1 : 0)
        types.append(isBinary ? Self.byteaType : 0)
        buffer.append(0)
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
        case .byteStrings(let strings):
            ArrayLiteral.append(strings, to: &buffer) {
                ArrayLiteral.appendQuoted(PostgresText.hexadecimal($0), to: &$1)
            }
        case .timestamps(let values):
            ArrayLiteral.append(values, to: &buffer) {
                ArrayLiteral.appendQuoted(PostgresText.timestamp($0).utf8, to: &$1)
            }
        }
    }
}
