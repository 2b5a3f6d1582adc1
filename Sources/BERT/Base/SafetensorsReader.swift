import Files

/// Tensors in the safetensors format.
struct SafetensorsReader {
    let header: SafetensorsHeader
    private let source: Source

    private enum Source {
        case memory(UnsafeRawBufferPointer)
        case file(OpenFile)
    }

    /// Checks the whole header; `bytes` must stay valid as long as the reader is used.
    init(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsError) {
        header = try SafetensorsHeader(bytes, fileSize: bytes.count)
        source = .memory(bytes)
    }

    /// Checks the whole header. Tensors stay in the file until they are copied.
    init(_ file: OpenFile) throws(SafetensorsError) {
        source = .file(file)
        var length: UInt64 = 0
        var failure: SafetensorsError?
        withUnsafeMutableBytes(of: &length) { bytes in
            do throws(SafetensorsError) { try Self.read(file, 0, into: bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        let most = 8 + Int(min(UInt64(littleEndian: length), SafetensorsHeader.maximumBytes + 1))
        let start = UnsafeMutableRawBufferPointer.allocate(byteCount: min(file.size, most), alignment: 8)
        defer { start.deallocate() }
        try Self.read(file, 0, into: start)
        header = try SafetensorsHeader(UnsafeRawBufferPointer(start), fileSize: file.size)
    }

    /// Names of the tensors that can be read, sorted.
    var names: [String] { header.entries.keys.sorted() }

    func entry(_ name: String) throws(SafetensorsError) -> SafetensorsEntry {
        if let entry = header.entries[name] { return entry }
        if let type = header.unsupported[name] { throw .unsupportedType(tensor: name, type: type) }
        throw .missing(tensor: name)
    }

    /// Copies a tensor as float32 to `destination`, which has room for the elements; refuses NaN and infinity.
    ///
    /// - Parameter elements: of the tensor; all of them by default.
    func copy(
        _ name: String, elements: Range<Int>? = nil, to destination: UnsafeMutablePointer<Float>
    ) throws(SafetensorsError) {
        let entry = try entry(name)
        let elements = elements ?? 0..<entry.elementCount
        let size = entry.type.bytesPerElement
        for first in stride(from: elements.lowerBound, to: elements.upperBound, by: Self.chunk) {
            let length = min(Self.chunk, elements.upperBound - first)
            let place = destination + (first - elements.lowerBound)
            // Halves are widened where they are: at the end of the room, so that each is read before it is overwritten.
            let numbers = UnsafeMutableRawPointer(place) + length * (4 - size)
            try read(
                header.dataOffset + entry.bytes.lowerBound + first * size,
                into: UnsafeMutableRawBufferPointer(start: numbers, count: length * size))
            switch entry.type {
            case .float32: break
            case .float16: Self.widen(numbers, count: length, to: place, by: Self.float(fromHalf:))
            case .bfloat16: Self.widen(numbers, count: length, to: place) { Float(bitPattern: UInt32($0) << 16) }
            }
            guard Self.isFinite(place, count: length) else { throw .notFinite(tensor: name) }
        }
    }

    private func read(_ place: Int, into memory: UnsafeMutableRawBufferPointer) throws(SafetensorsError) {
        switch source {
        case .memory(let bytes):
            memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place..<place + memory.count]))
        case .file(let file): try Self.read(file, place, into: memory)
        }
    }

    private static func read(
        _ file: OpenFile, _ place: Int, into memory: UnsafeMutableRawBufferPointer
    ) throws(SafetensorsError) {
        let count: Int
        do throws(FileError) { count = try file.read(from: place, into: memory) } catch {
            throw .unreadable(reason: "\(error)")
        }
        guard count == memory.count else { throw .truncated }
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
