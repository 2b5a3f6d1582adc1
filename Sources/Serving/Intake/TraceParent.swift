/// The header `traceparent` of a record: which trace it belongs to, after W3C Trace Context.
///
/// It is kept with what becomes of the record: its rows, its log lines, and what is published of it.
public struct TraceParent: Hashable, Sendable, CustomStringConvertible {
    /// The name of the header.
    public static let header = "traceparent"

    /// `00-TRACE-PARENT-FLAGS`, in lower-case hexadecimal digits.
    public let description: String

    /// What the members of the value are, and where: version, trace, parent, flags.
    private static let members = [0..<2, 3..<35, 36..<52, 53..<55]
    private static let length = 55

    /// - Parameter value: the header's.
    /// - Returns: nil if it is invalid. Of a later version, what version 00 knows is kept, as the standard demands.
    public init?(_ value: some Collection<UInt8>) {
        guard value.count >= Self.length else { return nil }
        let bytes = Array(value.prefix(Self.length))
        guard Self.members.allSatisfy({ bytes[$0].allSatisfy(Self.isDigit) }),
            Self.members.dropLast().allSatisfy({ bytes[$0.upperBound] == UInt8(ascii: "-") }),
            // Neither a trace nor a parent.
            !bytes[3..<35].allSatisfy({ $0 == UInt8(ascii: "0") }),
            !bytes[36..<52].allSatisfy({ $0 == UInt8(ascii: "0") })
        else { return nil }
        let version = String(decoding: bytes[..<2], as: UTF8.self)
        switch version {
        case "ff": return nil
        case "00":
            guard value.count == Self.length else { return nil }
            description = String(decoding: bytes, as: UTF8.self)
        default:
            guard value.count == Self.length || value.dropFirst(Self.length).first == UInt8(ascii: "-") else {
                return nil
            }
            // Only the lowest flag, `sampled`, means the same in all versions.
            let isSampled = bytes[54] & 1 == (bytes[54] <= UInt8(ascii: "9") ? 1 : 0)
            description = "00" + String(decoding: bytes[2..<53], as: UTF8.self) + (isSampled ? "01" : "00")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
    }
}

extension SourceMessage {
    /// The trace that the record belongs to; nil without a valid header, and with several.
    public var traceParent: TraceParent? { Self.traceParent(of: headers) }

    static func traceParent(of headers: [(name: String, value: [UInt8]?)]) -> TraceParent? {
        guard !headers.isEmpty else { return nil }
        var found = headers.lazy.filter { $0.name == TraceParent.header }.makeIterator()
        guard let value = found.next()?.value, found.next() == nil else { return nil }
        return TraceParent(value)
    }
}
