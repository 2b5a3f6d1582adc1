/// A part of a partition, written `topic:partition:first-last` with both offsets included. Without the last offset, as
/// in `packages:0:120-`, it reaches to the end.
public struct OffsetRange: Hashable, Sendable, CustomStringConvertible {
    /// Topic and partition.
    public let partition: SourcePartition
    /// The first offset.
    public let first: Int64
    /// The offset behind the last one; nil: to the end of the partition.
    public let end: Int64?

    /// - Parameters: as the properties.
    public init(_ partition: SourcePartition, first: Int64, end: Int64?) {
        (self.partition, self.first, self.end) = (partition, first, end)
    }

    /// Reads the written form; nil if the text is none.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, let partition = Self.number(parts[1]).flatMap(Int32.init(exactly:))
        else { return nil }
        let offsets = parts[2].split(separator: "-", omittingEmptySubsequences: false)
        guard offsets.count == 2, let first = Self.number(offsets[0]) else { return nil }
        var end: Int64?
        if !offsets[1].isEmpty {
            guard let last = Self.number(offsets[1]), last >= first, last < .max else { return nil }
            end = last + 1
        }
        self.init(SourcePartition(topic: String(parts[0]), partition: partition), first: first, end: end)
    }

    /// Digits only: a sign would be taken for the hyphen between offsets.
    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }

    /// The written form.
    public var description: String {
        "\(partition.topic):\(partition.partition):\(first)-\(end.map { "\($0 - 1)" } ?? "")"
    }
}
