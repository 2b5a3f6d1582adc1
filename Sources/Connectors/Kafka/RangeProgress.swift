import Serving

/// How far parts of partitions have been read and settled: a state machine without I/O.
///
/// An offset need not hold a record: compaction removes records, transactions leave markers and aborted records, and
/// retention deletes whole segments. So a part is read once a record behind it arrives, or once the brokers say that
/// nothing more comes before its end; never because its last offset was seen.
public struct RangeProgress: Sendable {
    /// One part, and what became of it.
    public struct Part: Sendable, Equatable {
        /// The first offset to read.
        public let first: Int64
        /// The offset behind the last one to read. It is lowered where the partition turns out to be shorter.
        public fileprivate(set) var end: Int64
        /// The offset to read next.
        public fileprivate(set) var position: Int64
        /// Records that were delivered.
        public fileprivate(set) var read = 0
        /// Offsets that were deleted before they could be read.
        public fileprivate(set) var gone: [Range<Int64>] = []
        /// Whether the partition was cut or created again while it was read.
        public fileprivate(set) var isCut = false
        /// The offset behind the last record delivered, and behind those that are settled without a gap.
        fileprivate var (delivered, settled): (Int64?, Int64?) = (nil, nil)

        /// Whether nothing is left to read.
        public var isRead: Bool { position >= end }

        fileprivate init(_ range: Range<Int64>) {
            (first, end, position) = (range.lowerBound, range.upperBound, range.lowerBound)
        }

        /// Where to continue; nil if everything is settled.
        fileprivate var rest: Int64? {
            guard let delivered, settled ?? first < delivered else { return isRead ? nil : position }
            return settled ?? first
        }
    }

    /// By partition.
    public private(set) var parts: [SourcePartition: Part]

    /// Nothing is read yet.
    ///
    /// - Parameter ranges: what to read, by partition; may be empty.
    public init(_ ranges: [SourcePartition: Range<Int64>] = [:]) { parts = ranges.mapValues(Part.init) }

    /// Whether nothing is left to read.
    public var isRead: Bool { parts.values.allSatisfy(\.isRead) }
    /// Partitions with something left to read, with the offset to read next.
    public var positions: [SourcePartition: Int64] { parts.filter { !$1.isRead }.mapValues(\.position) }
    /// Offsets in all parts, and how many of them are behind.
    public var offsets: (all: Int64, read: Int64) {
        parts.values.reduce((0, 0)) { ($0.0 + $1.end - $1.first, $0.1 + min($1.position, $1.end) - $1.first) }
    }
    /// What is not settled, in the order of the partitions.
    public var rest: [OffsetRange] {
        parts.sorted { $0.key < $1.key }.compactMap { partition, part in
            part.rest.map { OffsetRange(partition, first: $0, end: part.end) }
        }
    }

    // MARK: - Events

    /// Records arrived.
    ///
    /// - Returns: those of the parts, in order. A record that came before, or from behind a part, is left out.
    public mutating func receive(_ messages: [SourceMessage]) -> [SourceMessage] {
        messages.filter { message in
            parts[message.origin.sourcePartition]?.receive(message.origin.offset) ?? false
        }
    }

    /// The partition was read to its end for now; the next record will have this offset or a higher one.
    ///
    /// - Returns: whether the part is read. If not, the partition may be shorter than it was.
    public mutating func reachedEnd(of partition: SourcePartition, at offset: Int64) -> Bool {
        guard var part = parts[partition] else { return true }
        part.position = max(part.position, offset)
        parts[partition] = part
        return part.isRead
    }

    /// The partition does not have the offset to be read next, but these.
    public mutating func found(_ present: Range<Int64>, in partition: SourcePartition) {
        guard var part = parts[partition], !part.isRead else { return }
        if part.position < present.lowerBound {
            let next = min(present.lowerBound, part.end)
            part.gone.append(part.position..<next)
            part.position = next
        }
        if !part.isRead, present.upperBound <= part.position {
            part.end = part.position
            part.isCut = true
        }
        parts[partition] = part
    }

    /// Everything before these offsets is settled.
    public mutating func settle(_ offsets: [SourcePartition: Int64]) {
        for (partition, offset) in offsets {
            guard var part = parts[partition] else { continue }
            part.settled = max(part.settled ?? offset, offset)
            parts[partition] = part
        }
    }
}

extension RangeProgress.Part {
    fileprivate mutating func receive(_ offset: Int64) -> Bool {
        guard offset >= position, offset < end else {
            position = max(position, offset)
            return false
        }
        position = offset + 1
        delivered = position
        read += 1
        return true
    }
}
