import Foundation

/// What the frozen layers below the lowest adapted one gave for each row, kept between epochs: the first rows in memory, others in a
/// temporary file, what neither has room for not at all.
///
/// Those layers never change in a training, and dropout is off there: kept states are the ones that would be computed anew. A disk
/// that is full or fails therefore costs time, never the training.
///
/// `@unchecked Sendable`: every row has its own place in memory, file and `known`; at any time one thread reads or writes that of a row.
final class HiddenStateCache: @unchecked Sendable {
    private let hidden: Int
    /// Where each row begins, in floats: first in memory, from `inMemory` on in the file.
    private let starts: [Int]
    private let lengths: [Int]
    /// Rows in memory, and all rows that are kept.
    private let inMemory: Int
    private let kept: Int
    private let memory: UnsafeMutablePointer<Float>
    private let known: UnsafeMutablePointer<Bool>
    private let file: SpillFile?

    /// - Parameters:
    ///   - lengths: tokens of each row.
    ///   - memoryBytes: the most that may be kept in memory.
    ///   - fileBytes: the most that may be kept in the file; less where the disk has no room for twice as much.
    init(
        lengths: [Int], hidden: Int, memoryBytes: Int, fileBytes: Int,
        folder: String = FileManager.default.temporaryDirectory.path
    ) {
        self.hidden = hidden
        self.lengths = lengths
        let inMemory = Self.rows(lengths[...], hidden: hidden, bytes: memoryBytes)
        let spilled = lengths.dropFirst(inMemory)
        file = fileBytes > 0 && !spilled.isEmpty ? SpillFile(folder: folder) : nil
        let room = file.map { min(fileBytes, $0.freeBytes / 2) } ?? 0
        let kept = inMemory + Self.rows(spilled, hidden: hidden, bytes: room)
        var starts: [Int] = []
        starts.reserveCapacity(kept)
        var next = 0
        for row in 0..<kept {
            if row == inMemory { next = 0 }
            starts.append(next)
            next += lengths[row] * hidden
        }
        (self.inMemory, self.kept, self.starts) = (inMemory, kept, starts)
        // Memory that is never written is never resident: a training of few steps does not pay for all rows.
        memory = .allocate(capacity: max(lengths.prefix(inMemory).reduce(0, +) * hidden, 1))
        known = .allocate(capacity: max(lengths.count, 1))
        known.initialize(repeating: false, count: max(lengths.count, 1))
    }

    deinit {
        memory.deallocate()
        known.deallocate()
    }

    /// How many of these rows, from the first on, fit in.
    private static func rows(_ lengths: ArraySlice<Int>, hidden: Int, bytes: Int) -> Int {
        var left = bytes
        return lengths.prefix { length in
            left -= length * hidden * MemoryLayout<Float>.size
            return left >= 0
        }.count
    }

    /// Copies a row's states, [tokens, hidden], if they are known.
    func copy(_ row: Int, to states: UnsafeMutablePointer<Float>) -> Bool {
        guard known[row] else { return false }
        let count = lengths[row] * hidden
        if row < inMemory {
            states.update(from: memory + starts[row], count: count)
            return true
        }
        return file?.read(states, count: count, at: starts[row]) ?? false
    }

    /// Keeps a row's states, [tokens, hidden], where there is room.
    func keep(_ row: Int, _ states: UnsafePointer<Float>) {
        guard row < kept, !known[row] else { return }
        let count = lengths[row] * hidden
        if row < inMemory {
            (memory + starts[row]).initialize(from: states, count: count)
            known[row] = true
        } else {
            known[row] = file?.write(states, count: count, at: starts[row]) ?? false
        }
    }
}
