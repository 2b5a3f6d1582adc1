/// A growing buffer that is written through a raw pointer: the normalizer appends byte by byte, without bounds checks.
///
/// It begins in memory that the caller lends, such as the stack, and moves to the heap only if it outgrows that.
struct ByteBuffer: ~Copyable {
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var isOwned: Bool
    var count = 0

    /// Starts on the heap.
    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        bytes = .allocate(capacity: self.capacity)
        isOwned = true
    }

    /// Starts in `memory`, which must outlive the buffer.
    init(lent memory: UnsafeMutableBufferPointer<UInt8>) {
        isOwned = memory.baseAddress == nil
        bytes = memory.baseAddress ?? .allocate(capacity: 64)
        capacity = isOwned ? 64 : memory.count
    }

    deinit { if isOwned { bytes.deallocate() } }

    /// Makes room for `more` bytes.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if count + more > capacity { grow(count + more) }
    }

    @inline(never)
    private mutating func grow(_ needed: Int) {
        let larger = max(needed, capacity * 2)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: bytes, count: count)
        if isOwned { bytes.deallocate() }
        (bytes, capacity, isOwned) = (moved, larger, true)
    }

    /// Appends a byte; there must be room.
    @inline(__always)
    mutating func appendReserved(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    /// Appends a scalar as UTF-8, making room.
    mutating func append(scalar: UInt32) {
        reserve(4)
        if scalar < 0x80 {
            appendReserved(UInt8(truncatingIfNeeded: scalar))
        } else if scalar < 0x800 {
            appendReserved(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            appendReserved(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        } else if scalar < 0x10000 {
            appendReserved(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            appendReserved(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            appendReserved(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        } else {
            appendReserved(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            appendReserved(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            appendReserved(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            appendReserved(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }

    /// Appends the bytes, making room.
    @inline(__always)
    mutating func append(_ source: UnsafePointer<UInt8>, count length: Int) {
        reserve(length)
        for offset in 0..<length { bytes[count + offset] = source[offset] }
        count += length
    }
}

extension ByteBuffer {
    /// The scalar whose UTF-8 starts at `bytes`, and its length. It must be valid and not ASCII.
    @inline(__always)
    static func decodeScalar(_ bytes: UnsafePointer<UInt8>) -> (scalar: UInt32, length: Int) {
        let lead = UInt32(bytes[0])
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | UInt32(bytes[1] & 0x3F), 2) }
        let second = UInt32(bytes[1] & 0x3F)
        let third = UInt32(bytes[2] & 0x3F)
        if lead < 0xF0 { return ((lead & 0xF) << 12 | second << 6 | third, 3) }
        return ((lead & 7) << 18 | second << 12 | third << 6 | UInt32(bytes[3] & 0x3F), 4)
    }
}
