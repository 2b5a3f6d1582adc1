import Connectors
import Serving

/// What a replay did.
public struct ReplayReport: Sendable, Codable, Equatable, PublishingReport {
    /// What was read of one partition.
    public struct Partition: Sendable, Codable, Equatable {
        /// The topic's name.
        public var topic: String
        /// From 0.
        public var partition: Int32
        /// The first offset.
        public var first: Int64
        /// The last offset; before the first one if there is nothing to read.
        public var last: Int64
        /// Records that were read.
        public var read = 0
        /// Offsets of the selection that are deleted.
        public var gone: Int64 = 0
    }

    /// Records that were read.
    public var read = 0
    /// Records whose labels were stored.
    public var labelled = 0
    /// Records that were stored as rejected.
    public var rejected = 0
    /// Records that the pipeline drops.
    public var dropped = 0
    /// Whether everything is settled that the selection has.
    public var isComplete = true
    /// In order.
    public var partitions: [Partition]
    /// Values of `--offsets` with which to continue; empty if it is complete.
    public var rest: [String] = []
    /// Records that wait in the outbox; nil if the pipeline publishes nothing.
    public var outbox: Int?
    /// Host and process that publish them; nil: nobody does.
    public var publisher: String?
    /// What a person should know: what is gone or does not exist yet, and which adapters went live meanwhile.
    public var notes: [String] = []
    /// What was unavailable in the end.
    public var obstacle: String?

    private enum CodingKeys: String, CodingKey {
        case read, labelled, rejected, dropped, partitions, outbox, publisher, notes, obstacle
        case isComplete = "complete"
        case rest = "continue"
    }
}

extension ReplayReport {
    /// Before anything is read.
    init(_ plan: ReplayPlan) {
        let parts = plan.parts.sorted { $0.key < $1.key }
        partitions = parts.map { partition, part in
            Partition(
                topic: partition.topic, partition: partition.partition, first: part.range.lowerBound,
                last: part.range.upperBound - 1, gone: Int64(part.gone?.count ?? 0))
        }
        for (partition, part) in parts {
            let name = "\(partition.topic):\(partition.partition)"
            if let gone = part.gone { notes.append("\(name): \(Self.offsets(gone)) deleted: they are gone") }
            if let missing = part.missing { notes.append("\(name): \(Self.offsets(missing)) not there yet") }
            if part.mayLackBeginning {
                notes.append(
                    "\(name): the partition begins with offset \(part.range.lowerBound): what was before is deleted")
            }
        }
    }

    /// After a run.
    mutating func count(_ status: PipelineStatus, _ progress: RangeProgress) {
        (labelled, rejected, dropped) = (status.labelled, status.rejected, status.dropped)
        for (index, partition) in partitions.enumerated() {
            let key = SourcePartition(topic: partition.topic, partition: partition.partition)
            guard let part = progress.parts[key] else { continue }
            read += part.read
            partitions[index].read = part.read
            partitions[index].last = part.end - 1
            note(part, named: "\(partition.topic):\(partition.partition)", index)
        }
        rest = progress.rest.map(\.description)
        isComplete = rest.isEmpty
        if !isComplete { obstacle = status.waitingFor }
    }

    private mutating func note(_ part: RangeProgress.Part, named name: String, _ index: Int) {
        for gone in part.gone {
            partitions[index].gone += Int64(gone.count)
            notes.append("\(name): \(Self.offsets(gone)) deleted before they were read")
        }
        if part.isCut {
            notes.append("\(name): the partition was cut or created again, and ends before offset \(part.end)")
        }
        let holes = part.end - part.first - Int64(part.gone.reduce(0) { $0 + $1.count }) - Int64(part.read)
        if part.isRead, holes > 0 {
            notes.append("\(name): \(holes) offsets hold no record (compaction, transactions)")
        }
    }

    /// `offset 7 is`, `offsets 7 to 9 are`.
    private static func offsets(_ range: Range<Int64>) -> String {
        range.count == 1
            ? "offset \(range.lowerBound) is" : "offsets \(range.lowerBound) to \(range.upperBound - 1) are"
    }
}
