/// Token ids of many sequences end to end, never padded.
public struct PackedBatch: Sendable, Equatable {
    /// All tokens, sequence after sequence.
    public private(set) var tokenIDs: [Int32] = []
    /// Where sequences begin, and where the last ends: `sequenceCount + 1` ascending indices into `tokenIDs`.
    public private(set) var offsets: [Int] = [0]

    public var sequenceCount: Int { offsets.count - 1 }
    public var tokenCount: Int { tokenIDs.count }

    public init() {}

    /// One batch of the given sequences.
    public init(_ sequences: some Sequence<[Int32]>) {
        for sequence in sequences { append(sequence) }
    }

    /// Adds one sequence, `[CLS]` first. An empty one counts as the single token 0, so that it has a row to classify.
    public mutating func append(_ sequence: [Int32]) {
        if sequence.isEmpty { tokenIDs.append(0) } else { tokenIDs.append(contentsOf: sequence) }
        offsets.append(tokenIDs.count)
    }

    /// The batch with every sequence cut after `count` tokens; itself where none is longer.
    func cut(to count: Int) -> PackedBatch {
        guard (0..<sequenceCount).contains(where: { range(of: $0).count > count }) else { return self }
        return PackedBatch((0..<sequenceCount).map { Array(tokenIDs[range(of: $0)].prefix(count)) })
    }

    /// Removes all sequences and keeps the memory.
    public mutating func removeAll() {
        tokenIDs.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        offsets.append(0)
    }

    /// Where in `tokenIDs` a sequence lies.
    public func range(of sequence: Int) -> Range<Int> { offsets[sequence]..<offsets[sequence + 1] }
}
