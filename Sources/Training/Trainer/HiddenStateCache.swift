import Glibc

/// The hidden states of each row below the lowest adapted layer, kept between epochs. The first rows are in memory, the
/// next ones in a temporary file. Rows that fit into neither are computed in every epoch.
///
/// The layers below never change in a training, and dropout is off there, so cached states equal those that would be
/// computed. A disk that is full or fails therefore costs time, never the training.
///
/// `@unchecked Sendable`: every row has its own place in memory, in the file and in `known`, and one thread at a time
/// uses the place of a row.
final class HiddenStateCache: @unchecked Sendable {
    private let hidden: Int
    /// Where each row begins, in floats: in memory, and from row `inMemory` on in the file.
    private let starts: [Int]
    private let lengths: [Int]
    /// Rows in memory.
    private let inMemory: Int
    /// Rows in memory and in the file.
    private let cached: Int
    private let memory: UnsafeMutablePointer<Float>
    private let known: UnsafeMutablePointer<Bool>
    private let file: SpillFile?

    /// - Parameters:
    ///   - lengths: tokens of each row.
    ///   - memoryBytes: at most so much memory is used.
    ///   - fileBytes: at most so much of the disk is used, and never more than half of its free space.
    init(
        lengths: [Int], hidden: Int, memoryBytes: Int, fileBytes: Int,
        folder: String = HiddenStateCache.temporaryFolder
    ) {
        self.hidden = hidden
        self.lengths = lengths
        let inMemory = Self.rows(lengths[...], hidden: hidden, bytes: memoryBytes)
        let spilled = lengths.dropFirst(inMemory)
        file = fileBytes > 0 && !spilled.isEmpty ? SpillFile(folder: folder) : nil
        let room = file.map { min(fileBytes, $0.freeBytes / 2) } ?? 0
        let cached = inMemory + Self.rows(spilled, hidden: hidden, bytes: room)
        var starts: [Int] = []
        starts.reserveCapacity(cached)
        var next = 0
        for row in 0..<cached {
            if row == inMemory { next = 0 }
            starts.append(next)
            next += lengths[row] * hidden
        }
        (self.inMemory, self.cached, self.starts) = (inMemory, cached, starts)
        // Memory that is never written is never resident, so a short training does not pay for all rows.
        memory = .allocate(capacity: max(lengths.prefix(inMemory).reduce(0, +) * hidden, 1))
        known = .allocate(capacity: max(lengths.count, 1))
        known.initialize(repeating: false, count: max(lengths.count, 1))
    }

    deinit {
        memory.deallocate()
        known.deallocate()
    }

    /// Where temporary files go: `TMPDIR`, or `/tmp`.
    static var temporaryFolder: String {
        guard let folder = getenv("TMPDIR").map({ String(cString: $0) }), !folder.isEmpty else { return "/tmp" }
        return folder
    }

    /// How many of these rows fit, from the first on.
    private static func rows(_ lengths: ArraySlice<Int>, hidden: Int, bytes: Int) -> Int {
        var left = bytes
        return lengths.prefix { length in
            left -= length * hidden * MemoryLayout<Float>.size
            return left >= 0
        }.count
    }

    /// Copies the states of a row, [tokens, hidden].
    ///
    /// - Returns: whether they were in the cache.
    func copy(_ row: Int, to states: UnsafeMutablePointer<Float>) -> Bool {
        guard known[row] else { return false }
        let count = lengths[row] * hidden
        if row < inMemory {
            states.update(from: memory + starts[row], count: count)
            return true
        }
        return file?.read(states, count: count, at: starts[row]) ?? false
    }

    /// Stores the states of a row, [tokens, hidden], if there is room.
    func store(_ row: Int, _ states: UnsafePointer<Float>) {
        guard row < cached, !known[row] else { return }
        let count = lengths[row] * hidden
        if row < inMemory {
            (memory + starts[row]).initialize(from: states, count: count)
            known[row] = true
        } else {
            known[row] = file?.write(states, count: count, at: starts[row]) ?? false
        }
    }
}
