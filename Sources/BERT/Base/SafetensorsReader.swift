import JSON

/// Tensors in the safetensors format, read from bytes that the caller keeps alive.
struct SafetensorsReader {
    let header: SafetensorsHeader
    private let data: UnsafeRawBufferPointer

    /// Checks the whole header; `bytes` must stay valid as long as the reader is used.
    init(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsError) {
        header = try SafetensorsHeader(bytes)
        data = UnsafeRawBufferPointer(rebasing: bytes[header.dataOffset...])
    }

    /// Names of the tensors that can be read, sorted.
    var names: [String] { header.entries.keys.sorted() }

    func entry(_ name: String) throws(SafetensorsError) -> SafetensorsEntry {
        if let entry = header.entries[name] { return entry }
        if let type = header.unsupported[name] { throw .unsupportedType(tensor: name, type: type) }
        throw .missing(tensor: name)
    }

    /// Copies a tensor as float32 to `destination`, which has room for all its elements; refuses NaN and infinity.
    func copy(_ name: String, to destination: UnsafeMutablePointer<Float>) throws(SafetensorsError) {
        let entry = try entry(name)
        let source = UnsafeRawBufferPointer(rebasing: data[entry.bytes])
        let count = entry.elementCount
        guard count > 0, let start = source.baseAddress else { return }
        for first in stride(from: 0, to: count, by: Self.chunk) {
            let (length, place) = (min(Self.chunk, count - first), destination + first)
            let numbers = start + first * entry.type.bytesPerElement
            switch entry.type {
            case .float32: UnsafeMutableRawPointer(place).copyMemory(from: numbers, byteCount: length * 4)
            case .float16: Self.widen(numbers, count: length, to: place, by: Self.float(fromHalf:))
            case .bfloat16: Self.widen(numbers, count: length, to: place) { Float(bitPattern: UInt32($0) << 16) }
            }
            guard Self.isFinite(place, count: length) else { throw .notFinite(tensor: name) }
        }
    }

    /// Numbers are copied in chunks and checked while they are in the first-level cache, which saves a second pass over
    /// memory.
    private static let chunk = 4_096

    /// A tensor as float32.
    func floats(_ name: String) throws(SafetensorsError) -> [Float] {
        var values = [Float](repeating: 0, count: try entry(name).elementCount)
        var failure: SafetensorsError?
        values.withUnsafeMutableBufferPointer { buffer in
            guard let destination = buffer.baseAddress else { return }
            do throws(SafetensorsError) { try copy(name, to: destination) } catch { failure = error }
        }
        if let failure { throw failure }
        return values
    }

    @inline(__always)
    private static func widen(
        _ source: UnsafeRawPointer, count: Int, to destination: UnsafeMutablePointer<Float>,
        by convert: (UInt16) -> Float
    ) {
        for index in 0..<count {
            destination[index] = convert(
                UInt16(littleEndian: source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
        }
    }

    /// IEEE half to single by moving bits: exact for every value, also subnormals, infinities and NaN.
    static func float(fromHalf bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF)
        if magnitude >= 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13) }
        if magnitude < 0x0400 {
            let value = Float(magnitude) * 0x1p-24
            return sign == 0 ? value : -value
        }
        return Float(bitPattern: sign | ((magnitude << 13) + 0x3800_0000))
    }

    /// NaN and infinity are the values whose exponent is all ones; eight lanes at a time.
    private static func isFinite(_ values: UnsafePointer<Float>, count: Int) -> Bool {
        let exponent = SIMD8<UInt32>(repeating: 0x7F80_0000)
        var found: SIMDMask<SIMD8<Int32>> = .init(repeating: false)
        var index = 0
        while index + 8 <= count {
            let lanes = UnsafeRawPointer(values + index).loadUnaligned(as: SIMD8<UInt32>.self)
            found = found .| (lanes & exponent .== exponent)
            index += 8
        }
        if found != SIMDMask(repeating: false) { return false }
        while index < count {
            if !values[index].isFinite { return false }
            index += 1
        }
        return true
    }
}
