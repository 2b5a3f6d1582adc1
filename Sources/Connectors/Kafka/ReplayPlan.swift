import KafkaClient
import Serving

/// Which part of a pipeline's topics is read again.
public enum ReplaySelection: Sendable, Equatable {
    /// From the first record produced at a time or later to the first one produced at another time or later, in
    /// milliseconds since 1970; without the second, to the present end.
    case times(from: Int64, to: Int64?)
    /// These offsets.
    case offsets([OffsetRange])
}

/// A selection of what there is not. No failure of the brokers.
public enum ReplayRefusal: Error, Equatable, CustomStringConvertible {
    /// A topic of the pipeline file.
    case topic(String)
    /// Offsets that were asked for.
    case offsets(String)

    /// What is wrong, and what there is instead.
    public var description: String {
        switch self {
        case .topic(let reason): "source.kafka.topics: \(reason)"
        case .offsets(let reason): "--offsets \(reason)"
        }
    }
}

/// What is read of each partition, and what of the selection is not there.
public struct ReplayPlan: Sendable, Equatable {
    /// One partition.
    public struct Part: Sendable, Equatable {
        /// What is read; may be empty.
        public var range: Range<Int64>
        /// Offsets of the selection that are deleted.
        public var gone: Range<Int64>?
        /// Offsets of the selection that the partition does not have yet.
        public var missing: Range<Int64>?
        /// Whether a time range may have begun before the first record that there still is.
        public var mayLackBeginning = false
    }

    /// By partition.
    public var parts: [SourcePartition: Part]

    /// What is read.
    public var ranges: [SourcePartition: Range<Int64>] { parts.mapValues(\.range) }

    /// The topics of a pipeline that there are.
    ///
    /// - Parameters:
    ///   - names: as the pipeline file has them: names and patterns.
    ///   - known: partitions by topic, as the brokers have them.
    /// - Throws: if a topic of that name, or any that a pattern matches, does not exist.
    public static func topics(_ names: [String], known: [String: Int]) throws(ReplayRefusal) -> [String: Int] {
        var found: [String: Int] = [:]
        for name in names {
            let pattern = TopicPattern.isPattern(name) ? TopicPattern(name) : nil
            let matching = known.filter { topic, _ in pattern?.matches(topic) ?? (topic == name) }
            guard !matching.isEmpty else {
                let what = pattern == nil ? "the topic \(name) does not exist" : "no topic matches \(name)"
                throw .topic(what)
            }
            found.merge(matching) { first, _ in first }
        }
        return found
    }

    /// The partitions of a selection.
    ///
    /// - Parameter topics: partitions by topic.
    /// - Throws: if the selection names a partition that does not exist, or one twice.
    public static func partitions(
        of selection: ReplaySelection, topics: [String: Int]
    ) throws(ReplayRefusal) -> [SourcePartition] {
        guard case .offsets(let ranges) = selection else {
            return topics.flatMap { topic, count in
                (0..<Int32(clamping: count)).map { SourcePartition(topic: topic, partition: $0) }
            }.sorted()
        }
        var partitions: [SourcePartition] = []
        for range in ranges {
            let (topic, number) = (range.partition.topic, range.partition.partition)
            guard let count = topics[topic] else {
                throw .offsets(
                    "\(range): the pipeline reads \(topics.keys.sorted().joined(separator: ", ")), not \(topic)")
            }
            guard number < count else {
                throw .offsets("\(range): the topic has partitions 0 to \(count - 1)")
            }
            guard !partitions.contains(range.partition) else {
                throw .offsets("\(range): the partition is named twice")
            }
            partitions.append(range.partition)
        }
        return partitions
    }

    /// - Parameters:
    ///   - selection: what to read.
    ///   - present: what each partition has: the first offset, and the one behind the last.
    ///   - first: the offset of the first record at the first time or later; without partitions that have none.
    ///   - last: the same for the second time.
    public init(
        _ selection: ReplaySelection, present: [SourcePartition: Range<Int64>], first: [SourcePartition: Int64] = [:],
        last: [SourcePartition: Int64] = [:]
    ) {
        switch selection {
        case .times:
            parts = Dictionary(
                uniqueKeysWithValues: present.map { partition, present in
                    (partition, Self.part(present, first: first[partition], last: last[partition]))
                })
        case .offsets(let ranges):
            parts = Dictionary(
                ranges.map { ($0.partition, Self.part($0, present: present[$0.partition] ?? 0..<0)) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// A record of a later time may stand before one of an earlier time, so the end may come before the beginning.
    private static func part(_ present: Range<Int64>, first: Int64?, last: Int64?) -> Part {
        let lower = clamp(first ?? present.upperBound, to: present)
        let upper = max(lower, clamp(last ?? present.upperBound, to: present))
        let mayLack = present.lowerBound > 0 && lower == present.lowerBound && lower < upper
        return Part(range: lower..<upper, mayLackBeginning: mayLack)
    }

    private static func part(_ asked: OffsetRange, present: Range<Int64>) -> Part {
        let end = max(asked.first, asked.end ?? present.upperBound)
        let lower = clamp(asked.first, to: present)
        var part = Part(range: lower..<max(lower, clamp(end, to: present)))
        if asked.first < min(end, present.lowerBound) { part.gone = asked.first..<min(end, present.lowerBound) }
        if let end = asked.end, end > max(asked.first, present.upperBound) {
            part.missing = max(asked.first, present.upperBound)..<end
        }
        return part
    }

    private static func clamp(_ offset: Int64, to present: Range<Int64>) -> Int64 {
        min(max(offset, present.lowerBound), present.upperBound)
    }
}
