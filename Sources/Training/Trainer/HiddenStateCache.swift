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

/// Floats in a file without a name, which the system deletes when it is closed, even by a crash.
final class SpillFile: Sendable {
    private let descriptor: Int32

    /// nil if no file can be made.
    init?(folder: String) {
        var path = Array((folder + "/lorikeet-XXXXXX").utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { return nil }
        unlink(path)
    }

    deinit { close(descriptor) }

    /// The free space of the disk.
    var freeBytes: Int {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return 0 }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// - Parameter start: in floats.
    /// - Returns: whether all were written.
    func write(_ floats: UnsafePointer<Float>, count: Int, at start: Int) -> Bool {
        let bytes = UnsafeRawPointer(floats)
        return transfer(count, at: start) { pwrite(descriptor, bytes + $0, $1, $2) }
    }

    /// - Returns: whether all were read.
    func read(_ floats: UnsafeMutablePointer<Float>, count: Int, at start: Int) -> Bool {
        let bytes = UnsafeMutableRawPointer(floats)
        return transfer(count, at: start) { pread(descriptor, bytes + $0, $1, $2) }
    }

    /// Calls `move` until all bytes are transferred or one call fails.
    ///
    /// - Parameter move: receives the bytes done, the bytes left and the offset in the file; returns the bytes moved.
    private func transfer(_ count: Int, at start: Int, move: (Int, Int, off_t) -> Int) -> Bool {
        let (size, place) = (count * MemoryLayout<Float>.size, start * MemoryLayout<Float>.size)
        var done = 0
        while done < size {
            let moved = move(done, size - done, off_t(place + done))
            if moved < 0, errno == EINTR { continue }
            guard moved > 0 else { return false }
            done += moved
        }
        return true
    }
}
