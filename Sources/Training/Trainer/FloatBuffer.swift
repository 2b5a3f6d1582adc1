/// Floats at a fixed address.
///
/// `@unchecked Sendable`: the owner sees to it that one thread at a time writes the memory.
final class FloatBuffer: @unchecked Sendable {
    let values: UnsafeMutableBufferPointer<Float>

    var count: Int { values.count }
    let start: UnsafeMutablePointer<Float>

    /// All zero.
    init(count: Int) {
        start = .allocate(capacity: max(count, 1))
        start.initialize(repeating: 0, count: max(count, 1))
        values = UnsafeMutableBufferPointer(start: start, count: count)
    }

    deinit { start.deallocate() }

    func clear() { start.update(repeating: 0, count: values.count) }
}
