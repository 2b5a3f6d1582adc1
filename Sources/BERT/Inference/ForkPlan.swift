/// Which rows of a layer belong to which text and adapter, and how that changes where tasks fork off.
///
/// A text has one *trunk* segment, computed by the base alone, until all of its tasks have forked off. A task forks off
/// at the lowest layer of its adapter and then has a segment of its own. Segments are ordered by adapter, so that an
/// adapter owns one range of rows. The arrays are reused for the next batch.
struct ForkPlan {
    /// The rows of a text, as a trunk or for one of its tasks.
    struct Segment {
        let sequence: Int
        /// The index of the task among those of all texts; nil for a trunk.
        let slot: Int?
        /// The index of the adapter; nil for a trunk.
        let adapter: Int?
        let rows: Range<Int>
        /// The first row of the segment that it continues, in the layout before the last fork.
        let source: Int
    }

    /// The consecutive segments of one adapter. The trunks come first and have none.
    struct Group {
        let adapter: Int?
        var rows: Range<Int>
        var segments: Range<Int>
    }

    private(set) var segments: [Segment] = []
    private(set) var groups: [Group] = []
    /// The rows of each segment before `keepFirstRows`.
    private(set) var wholeRows: [Range<Int>] = []
    /// The index of each text's first task among those of all texts.
    private(set) var firstSlots: [Int] = []
    var rowCount: Int { segments.last?.rows.upperBound ?? 0 }

    private var lowestLayers: [Int] = []
    private var slotSequences: [Int] = []
    private var slotAdapters: [Int] = []
    private var slotsByAdapter: [Int] = []
    private var firstOfAdapter: [Int] = []
    /// The first row of each text's trunk and of each task; -1 if it has no rows.
    private var trunkRows: [Int] = []
    private var slotRows: [Int] = []
    private var sequenceLengths: [Int] = []

    /// Starts with one trunk per text that has a task; `lengths(i)` is the number of a text's tokens.
    mutating func begin(lowestLayers: [Int], assignments: [[Int]], lengths: (Int) -> Int) {
        // Copied, because sharing the caller's array would make the caller allocate another for its next batch.
        self.lowestLayers.removeAll(keepingCapacity: true)
        self.lowestLayers.append(contentsOf: lowestLayers)
        setSlots(assignments)
        orderSlots(adapters: lowestLayers.count)
        clear()
        trunkRows.removeAll(keepingCapacity: true)
        for sequence in assignments.indices {
            trunkRows.append(-1)
            if !assignments[sequence].isEmpty { append(sequence, slot: nil, count: lengths(sequence), source: 0) }
        }
        recordRows()
    }

    private mutating func setSlots(_ assignments: [[Int]]) {
        firstSlots.removeAll(keepingCapacity: true)
        slotSequences.removeAll(keepingCapacity: true)
        slotAdapters.removeAll(keepingCapacity: true)
        slotRows.removeAll(keepingCapacity: true)
        for (sequence, adapters) in assignments.enumerated() {
            firstSlots.append(slotAdapters.count)
            for adapter in adapters {
                slotSequences.append(sequence)
                slotAdapters.append(adapter)
                slotRows.append(-1)
            }
        }
        firstSlots.append(slotAdapters.count)
    }

    /// Counting sort, so that nothing is allocated.
    private mutating func orderSlots(adapters: Int) {
        firstOfAdapter.removeAll(keepingCapacity: true)
        for _ in 0...adapters { firstOfAdapter.append(0) }
        for adapter in slotAdapters { firstOfAdapter[adapter + 1] += 1 }
        for adapter in 0..<adapters { firstOfAdapter[adapter + 1] += firstOfAdapter[adapter] }
        slotsByAdapter.removeAll(keepingCapacity: true)
        for _ in slotAdapters { slotsByAdapter.append(0) }
        for (slot, adapter) in slotAdapters.enumerated() {
            slotsByAdapter[firstOfAdapter[adapter]] = slot
            firstOfAdapter[adapter] += 1
        }
    }

    /// Whether a task of this batch forks off before `layer`.
    func forks(at layer: Int) -> Bool {
        slotAdapters.contains { lowestLayers[$0] == layer }
    }

    /// Lays the segments out for `layer`. `Segment.source` is where the rows of each are until then.
    mutating func fork(at layer: Int) {
        // Lengths by text, before their segments are cleared.
        sequenceLengths.removeAll(keepingCapacity: true)
        for _ in trunkRows { sequenceLengths.append(0) }
        for segment in segments { sequenceLengths[segment.sequence] = segment.rows.count }
        clear()
        for sequence in trunkRows.indices where trunkRows[sequence] >= 0 && needsTrunk(sequence, layer) {
            append(sequence, slot: nil, count: sequenceLengths[sequence], source: trunkRows[sequence])
        }
        for slot in slotsByAdapter where lowestLayers[slotAdapters[slot]] <= layer {
            let sequence = slotSequences[slot]
            let source = slotRows[slot] >= 0 ? slotRows[slot] : trunkRows[sequence]
            append(sequence, slot: slot, count: sequenceLengths[sequence], source: source)
        }
        recordRows()
    }

    private func needsTrunk(_ sequence: Int, _ layer: Int) -> Bool {
        for slot in firstSlots[sequence]..<firstSlots[sequence + 1] where lowestLayers[slotAdapters[slot]] > layer {
            return true
        }
        return false
    }

    /// Keeps one row per segment, in the same order: from the last layer on, only `[CLS]` matters. `wholeRows` has the
    /// rows that they had.
    mutating func keepFirstRows() {
        wholeRows.removeAll(keepingCapacity: true)
        for index in segments.indices {
            let segment = segments[index]
            wholeRows.append(segment.rows)
            segments[index] = Segment(
                sequence: segment.sequence, slot: segment.slot, adapter: segment.adapter, rows: index..<index + 1,
                source: segment.source)
        }
        for index in groups.indices { groups[index].rows = groups[index].segments }
        recordRows()
    }

    private mutating func clear() {
        segments.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
    }

    private mutating func append(_ sequence: Int, slot: Int?, count: Int, source: Int) {
        let adapter = slot.map { slotAdapters[$0] }
        let rows = rowCount..<rowCount + count
        segments.append(Segment(sequence: sequence, slot: slot, adapter: adapter, rows: rows, source: source))
        if let last = groups.indices.last, groups[last].adapter == adapter {
            groups[last].rows = groups[last].rows.lowerBound..<rows.upperBound
            groups[last].segments = groups[last].segments.lowerBound..<segments.count
        } else {
            groups.append(Group(adapter: adapter, rows: rows, segments: segments.count - 1..<segments.count))
        }
    }

    private mutating func recordRows() {
        for segment in segments {
            if let slot = segment.slot {
                slotRows[slot] = segment.rows.lowerBound
            } else {
                trunkRows[segment.sequence] = segment.rows.lowerBound
            }
        }
    }
}
