/// Reads Kafka's integers and strings; past the end it reads zeros.
struct KafkaWireReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Removes the first request or answer, without its size; nil if it is not complete yet.
    static func takeFrame(_ bytes: inout [UInt8]) -> [UInt8]? {
        guard bytes.count >= 4 else { return nil }
        var reader = KafkaWireReader(bytes)
        let size = Int(reader.int32())
        guard bytes.count >= 4 + size else { return nil }
        defer { bytes.removeFirst(4 + size) }
        return Array(bytes[4..<4 + size])
    }

    var rest: [UInt8] { Array(bytes.dropFirst(position)) }

    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes.dropFirst(position).prefix(count))
        position += taken.count
        return taken
    }

    mutating func int8() -> Int8 { integer() }
    mutating func int16() -> Int16 { integer() }
    mutating func int32() -> Int32 { integer() }
    mutating func int64() -> Int64 { integer() }

    /// `nil` is null.
    mutating func string() -> [UInt8]? {
        let count = int16()
        return count < 0 ? nil : take(Int(count))
    }

    private mutating func integer<Value: FixedWidthInteger>() -> Value {
        take(Value.bitWidth / 8).reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}
