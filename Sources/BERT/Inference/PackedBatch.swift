/// The token ids of many sequences end to end, without padding.
public struct PackedBatch: Sendable, Equatable {
    /// All tokens, sequence after sequence.
    public private(set) var tokenIDs: [Int32] = []
    /// Where each sequence begins, and where the last one ends: `sequenceCount + 1` ascending indices into `tokenIDs`.
    public private(set) var offsets: [Int] = [0]

    /// The number of sequences.
    public var sequenceCount: Int { offsets.count - 1 }
    /// The number of tokens of all sequences.
    public var tokenCount: Int { tokenIDs.count }

    /// A batch without sequences.
    public init() {}

    /// A batch of these sequences.
    public init(_ sequences: some Sequence<[Int32]>) {
        for sequence in sequences { append(sequence) }
    }

    /// Adds a sequence, which begins with `[CLS]`. An empty one becomes the single token 0, so that it has a row to
    /// classify.
    public mutating func append(_ sequence: [Int32]) {
        if sequence.isEmpty { tokenIDs.append(0) } else { tokenIDs.append(contentsOf: sequence) }
        offsets.append(tokenIDs.count)
    }

    /// The batch with every sequence cut after `count` tokens.
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

    /// The indices of a sequence's tokens in `tokenIDs`.
    public func range(of sequence: Int) -> Range<Int> { offsets[sequence]..<offsets[sequence + 1] }
}
