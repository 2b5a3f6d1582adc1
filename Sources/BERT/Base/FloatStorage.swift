/// Floats at a fixed address, aligned for vector loads.
///
/// `@unchecked Sendable`: written only before it is shared.
final class FloatStorage: @unchecked Sendable {
    let buffer: UnsafeMutableBufferPointer<Float>

    /// `count` zeros.
    init(count: Int) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        buffer = UnsafeMutableBufferPointer(
            start: memory.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
        buffer.initialize(repeating: 0)
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        _ = buffer.update(fromContentsOf: values)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    var count: Int { buffer.count }

    /// The first float; there is always memory for one.
    var base: UnsafeMutablePointer<Float> { buffer.baseAddress.unsafelyUnwrapped }

    var pointer: UnsafePointer<Float> { UnsafePointer(base) }
}
