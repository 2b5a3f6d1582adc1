/// Writes Kafka's integers and strings.
struct KafkaWireWriter {
    var bytes: [UInt8] = []

    /// A request or an answer behind its size.
    static func framed(_ bytes: [UInt8]) -> [UInt8] {
        var size = KafkaWireWriter()
        size.int32(Int32(bytes.count))
        return size.bytes + bytes
    }

    mutating func int8(_ value: Int8) { integer(value) }
    mutating func int16(_ value: Int16) { integer(value) }
    mutating func int32(_ value: Int32) { integer(value) }
    mutating func int64(_ value: Int64) { integer(value) }

    mutating func string(_ value: [UInt8]?) {
        int16(value.map { Int16($0.count) } ?? -1)
        bytes += value ?? []
    }

    mutating func array(_ count: Int32, _ element: (inout KafkaWireWriter) -> Void) {
        int32(count)
        for _ in 0..<max(0, count) { element(&self) }
    }

    private mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }
}
