/// The parsed `UnicodeData`.
struct UnicodeRules: Sendable {
    /// What scalars become. If it `advances`, the target rises with the source.
    struct Mapping: Sendable {
        var sources: ClosedRange<UInt32>
        var step: UInt32
        var advances: Bool
        var targets: [UInt32]

        /// Calls `body` with every source and its targets.
        func forEach(_ body: (_ source: UInt32, _ targets: [UInt32]) -> Void) {
            for source in stride(from: sources.lowerBound, through: sources.upperBound, by: Int(step)) {
                body(source, advances ? [targets[0] + source - sources.lowerBound] : targets)
            }
        }
    }

    static let shared = UnicodeRules()

    let removed = ranges(UnicodeData.removed)
    let blank = ranges(UnicodeData.blank)
    let ideographs = ranges(UnicodeData.ideographs)
    let whitespace = ranges(UnicodeData.whitespace)
    let punctuation = ranges(UnicodeData.punctuation)
    let lowercase = mappings(UnicodeData.lowercase)
    let strippedMarks = ranges(UnicodeData.strippedMarks)
    let starterMarks = ranges(UnicodeData.starterMarks)
    let keptMarks = mappings(UnicodeData.keptMarks)
    let stripped = mappings(UnicodeData.stripped)
    static let hangulSyllables: ClosedRange<UInt32> = 0xAC00...0xD7A3

    private static func ranges(_ text: StaticString) -> [ClosedRange<UInt32>] {
        var parser = Parser(text)
        var ranges: [ClosedRange<UInt32>] = []
        while !parser.atEnd {
            let first = parser.number()
            ranges.append(first...(parser.take("-") ? parser.number() : first))
            parser.skipBlank()
        }
        return ranges
    }

    private static func mappings(_ text: StaticString) -> [Mapping] {
        var parser = Parser(text)
        var mappings: [Mapping] = []
        while !parser.atEnd {
            let first = parser.number()
            let last = parser.take("-") ? parser.number() : first
            let step: UInt32 = parser.take("/") ? parser.number() : 1
            let advances = !parser.take("=") && parser.take(">")
            var targets = [parser.number()]
            while parser.take("+") { targets.append(parser.number()) }
            mappings.append(Mapping(sources: first...last, step: step, advances: advances, targets: targets))
            parser.skipBlank()
        }
        return mappings
    }

    /// Parses the notation of `UnicodeData`. The text is part of the program, so errors cannot occur at run time.
    private struct Parser {
        private let bytes: UnsafeBufferPointer<UInt8>
        private var position = 0

        init(_ text: StaticString) {
            bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        }

        var atEnd: Bool { position == bytes.count }

        mutating func number() -> UInt32 {
            var value: UInt32 = 0
            while position < bytes.count, let digit = hexadecimalDigit(bytes[position]) {
                value = value << 4 | digit
                position += 1
            }
            return value
        }

        mutating func take(_ mark: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(truncatingIfNeeded: mark.value) else { return false }
            position += 1
            return true
        }

        mutating func skipBlank() { while take(" ") {} }
    }
}

extension UnicodeRules {
    /// The value of an ASCII hexadecimal digit; nil for any other byte.
    static func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }
}
