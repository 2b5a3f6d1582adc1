/// A 32-bit entry per Unicode scalar, zero unless set, in pages of 256 scalars. Uniform pages are shared.
struct ScalarTable: Sendable {
    private var pageOf = [Int32](repeating: 0, count: 0x1100)
    private var entries = [UInt32](repeating: 0, count: 256)
    /// The pages whose entries all have one value, by that value.
    private var uniformPages: [UInt32: Int32] = [0: 0]
    private var owned = [Bool](repeating: false, count: 0x1100)

    subscript(scalar: UInt32) -> UInt32 {
        get { entries[Int(pageOf[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)] }
        set {
            let page = Int(scalar >> 8)
            if !owned[page] { own(page) }
            entries[Int(pageOf[page]) << 8 | Int(scalar & 0xFF)] = newValue
        }
    }

    mutating func set(_ range: ClosedRange<UInt32>, to entry: UInt32) {
        var scalar = range.lowerBound
        while scalar <= range.upperBound {
            if scalar & 0xFF == 0, range.upperBound - scalar >= 255 {
                setPage(Int(scalar >> 8), to: entry)
                scalar += 256
            } else {
                self[scalar] = entry
                scalar += 1
            }
        }
    }

    private mutating func own(_ page: Int) {
        let source = Int(pageOf[page]) << 8
        pageOf[page] = Int32(entries.count >> 8)
        entries.append(contentsOf: Array(entries[source..<source + 256]))
        owned[page] = true
    }

    private mutating func setPage(_ page: Int, to entry: UInt32) {
        owned[page] = false
        if let uniform = uniformPages[entry] {
            pageOf[page] = uniform
        } else {
            pageOf[page] = Int32(entries.count >> 8)
            uniformPages[entry] = pageOf[page]
            entries.append(contentsOf: repeatElement(entry, count: 256))
        }
    }
}
