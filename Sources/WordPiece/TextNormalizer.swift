/// BERT's normalizer: cleans text, puts spaces around ideographs, strips accents and lowercases, in this order.
///
/// One table entry per scalar does all four. Only marks that survive stripping and must be put in canonical order
/// (`Entry.ordered`, very rare) depend on their neighbours.
struct TextNormalizer: Sendable {
    /// The action on a scalar, in the low three bits of its entry.
    private enum Entry {
        static let kept: UInt32 = 0
        static let removed: UInt32 = 1
        static let blank: UInt32 = 2
        /// Bits 3–7: length. Bits from 8: offset in `replacements`.
        static let replaced: UInt32 = 3
        static let isolated: UInt32 = 4
        static let hangul: UInt32 = 5
        /// Bits from 3: index in `sequences`.
        static let ordered: UInt32 = 6
        /// A stripped mark that ends a run of marks.
        static let removedStarter: UInt32 = 7
    }

    /// A decomposition and the rank of each scalar in canonical order; 0 for a starter.
    private struct Sequence: Sendable {
        var scalars: [(scalar: UInt32, rank: UInt32)]
    }

    private let options: NormalizerOptions
    private var table = ScalarTable()
    private var ascii = [UInt8](repeating: 0, count: 128)
    private var replacements: [UInt8] = []
    private var sequences: [Sequence] = []
    private var lowered: [UInt32: [UInt32]] = [:]
    /// Marks a byte of `ascii` that is removed.
    private static let removedByte: UInt8 = 0xFF

    init(_ options: NormalizerOptions) {
        self.options = options
        let rules = UnicodeRules.shared
        if options.lowercases {
            for mapping in rules.lowercase { mapping.forEach { lowered[$0] = $1 } }
            for (scalar, targets) in lowered { replace(scalar, by: targets) }
        }
        if options.reallyStripsAccents { addStripping(rules) }
        if options.splitsIdeographs { addIdeographs(rules) }
        if options.cleansText {
            for range in rules.removed { table.set(range, to: Entry.removed) }
            for range in rules.blank { table.set(range, to: Entry.blank) }
        }
        addASCII()
    }

    // MARK: - Table

    private func lowercased(_ scalar: UInt32) -> [UInt32] {
        guard options.lowercases else { return [scalar] }
        if scalar < 0x80 { return [0x41...0x5A ~= scalar ? scalar + 0x20 : scalar] }
        return lowered[scalar] ?? [scalar]
    }

    private mutating func replace(_ scalar: UInt32, by targets: [UInt32]) {
        let offset = replacements.count
        for target in targets {
            if let valid = Unicode.Scalar(target) { replacements.append(contentsOf: valid.utf8) }
        }
        let length = replacements.count - offset
        table[scalar] = UInt32(offset) << 8 | UInt32(length) << 3 | Entry.replaced
    }

    private mutating func addStripping(_ rules: UnicodeRules) {
        var ranks: [UInt32: UInt32] = [:]
        for mapping in rules.keptMarks { mapping.forEach { ranks[$0] = $1[0] } }
        for range in rules.strippedMarks { table.set(range, to: Entry.removed) }
        for range in rules.starterMarks { table.set(range, to: Entry.removedStarter) }
        table.set(UnicodeRules.hangulSyllables, to: Entry.hangul)
        for mapping in rules.stripped {
            mapping.forEach { scalar, targets in
                if targets.contains(where: { ranks[$0] != nil }) {
                    order(scalar, targets.map { ($0, ranks[$0] ?? 0) })
                } else {
                    replace(scalar, by: targets.flatMap(lowercased))
                }
            }
        }
        for (mark, rank) in ranks { order(mark, [(mark, rank)]) }
    }

    private mutating func order(_ scalar: UInt32, _ decomposition: [(scalar: UInt32, rank: UInt32)]) {
        table[scalar] = UInt32(sequences.count) << 3 | Entry.ordered
        sequences.append(Sequence(scalars: decomposition))
    }

    private mutating func addIdeographs(_ rules: UnicodeRules) {
        for range in rules.ideographs {
            for scalar in range {
                let entry = table[scalar]
                guard entry & 7 == Entry.replaced else { continue }
                let start = Int(entry >> 8)
                let bytes = replacements[start..<start + Int(entry >> 3 & 0x1F)]
                table[scalar] = UInt32(replacements.count) << 8 | UInt32(bytes.count + 2) << 3 | Entry.replaced
                replacements += [0x20] + bytes + [0x20]
            }
            for scalar in range where table[scalar] == Entry.kept { table[scalar] = Entry.isolated }
        }
    }

    private mutating func addASCII() {
        for byte in UInt8(0)..<128 {
            switch table[UInt32(byte)] & 7 {
            case Entry.removed: ascii[Int(byte)] = Self.removedByte
            case Entry.blank: ascii[Int(byte)] = 0x20
            default: ascii[Int(byte)] = UInt8(truncatingIfNeeded: lowercased(UInt32(byte))[0])
            }
        }
    }

    // MARK: - Text

    /// The room beyond the bytes left to read that the output always has.
    static let margin = 32

    /// Appends the normal form of `text`, which must be valid UTF-8.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        guard let start = text.baseAddress else { return }
        output.reserve(text.count + Self.margin)
        var position = 0
        ascii.withUnsafeBufferPointer { ascii in
            while position < text.count {
                // There is always room for the rest: an ASCII byte becomes at most one byte.
                while position < text.count, start[position] < 0x80 {
                    let mapped = ascii[Int(start[position])]
                    output.bytes[output.count] = mapped
                    output.count += mapped == Self.removedByte ? 0 : 1
                    position += 1
                }
                if position < text.count {
                    position += normalizeScalar(text, at: position, into: &output)
                    output.reserve(text.count - position + Self.margin)
                }
            }
        }
    }

    /// Like ``normalize(_:into:)``, and appends for each byte of the normal form where the scalar begins in `text` that
    /// it comes from. A run of marks counts as one scalar.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer, sources: inout [Int]) {
        output.reserve(text.count + Self.margin)
        var position = 0
        while position < text.count {
            let before = output.count
            var length = 1
            if text[position] < 0x80 {
                let mapped = ascii[Int(text[position])]
                if mapped != Self.removedByte { output.appendReserved(mapped) }
            } else {
                length = normalizeScalar(text, at: position, into: &output)
            }
            for _ in before..<output.count { sources.append(position) }
            position += length
            output.reserve(text.count - position + Self.margin)
        }
    }

    /// Normalizes the scalar at `position`, which is not ASCII, or a run of marks from there. Returns the bytes read.
    @inline(__always)
    private func normalizeScalar(_ text: UnsafeBufferPointer<UInt8>, at position: Int, into output: inout ByteBuffer)
        -> Int
    {
        guard let start = text.baseAddress else { return text.count }
        let (scalar, length) = ByteBuffer.decodeScalar(start + position)
        let entry = table[scalar]
        switch entry & 7 {
        case Entry.kept: output.append(start + position, count: length)
        case Entry.removed, Entry.removedStarter: break
        case Entry.blank: output.append(scalar: 0x20)
        case Entry.isolated:
            output.append(scalar: 0x20)
            output.append(start + position, count: length)
            output.append(scalar: 0x20)
        case Entry.hangul: appendHangul(scalar, to: &output)
        case Entry.ordered: return normalizeMarks(text, at: position, into: &output)
        default: appendReplacement(entry, to: &output)
        }
        return length
    }

    private func appendReplacement(_ entry: UInt32, to output: inout ByteBuffer) {
        replacements.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            output.append(base + Int(entry >> 8), count: Int(entry >> 3 & 0x1F))
        }
    }

    /// Appends a syllable as two or three conjoining letters.
    private func appendHangul(_ syllable: UInt32, to output: inout ByteBuffer) {
        let index = syllable - UnicodeRules.hangulSyllables.lowerBound
        output.append(scalar: 0x1100 + index / 588)
        output.append(scalar: 0x1161 + index % 588 / 28)
        if index % 28 > 0 { output.append(scalar: 0x11A7 + index % 28) }
    }

    /// Appends the surviving marks of a run in canonical order. Returns the bytes read.
    private func normalizeMarks(_ text: UnsafeBufferPointer<UInt8>, at first: Int, into output: inout ByteBuffer) -> Int
    {
        guard let start = text.baseAddress else { return text.count }
        var position = first
        var waiting: [(scalar: UInt32, rank: UInt32)] = []
        run: while position < text.count, start[position] >= 0x80 {
            let (scalar, length) = ByteBuffer.decodeScalar(start + position)
            let entry = table[scalar]
            switch entry & 7 {
            case Entry.removed: break
            case Entry.ordered:
                for part in sequences[Int(entry >> 3)].scalars {
                    if part.rank == 0 { flush(&waiting, to: &output) }
                    waiting.append(part)
                    if part.rank == 0 { flush(&waiting, to: &output) }
                }
            default: break run
            }
            position += length
        }
        flush(&waiting, to: &output)
        return position - first
    }

    private func flush(_ waiting: inout [(scalar: UInt32, rank: UInt32)], to output: inout ByteBuffer) {
        // Insertion keeps the order of marks of equal rank, as canonical ordering requires.
        var ordered: [(scalar: UInt32, rank: UInt32)] = []
        for mark in waiting {
            ordered.insert(mark, at: ordered.firstIndex { $0.rank > mark.rank } ?? ordered.count)
        }
        for mark in ordered { lowercased(mark.scalar).forEach { output.append(scalar: $0) } }
        waiting.removeAll(keepingCapacity: true)
    }
}

/// The options of BERT's normalizer.
struct NormalizerOptions: Equatable, Sendable {
    /// Whether control characters are removed and white space becomes spaces.
    var cleansText = true
    /// Whether spaces are put around each CJK ideograph.
    var splitsIdeographs = true
    /// Whether accents are removed; nil if they are where text is lowercased.
    var stripsAccents: Bool?
    /// Whether text is lowercased.
    var lowercases = true

    var reallyStripsAccents: Bool { stripsAccents ?? lowercases }

    /// Changes nothing.
    static let none = NormalizerOptions(
        cleansText: false, splitsIdeographs: false, stripsAccents: false, lowercases: false)
}
