import Foundation
import TestSupport
import Testing

@testable import WordPiece

struct UnicodeNormalizationTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("A\u{308}pfel", "\u{C4}pfel"), ("\u{C4}pfel", "\u{C4}pfel"),
        // Singletons, exclusions, Hangul, marks in canonical order.
        ("\u{212B}", "\u{C5}"), ("\u{958}", "\u{915}\u{93C}"), ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"),
        ("a\u{301}\u{323}", "\u{1EA1}\u{301}"), ("\u{301}", "\u{301}"), ("\u{344}", "\u{308}\u{301}"),
    ])
    func nfcComposesWhatComposes(text: String, composed: String) {
        #expect(Array(text.nfc.unicodeScalars) == Array(composed.unicodeScalars))
    }

    @Test func nfcIsThatOfFoundation() {
        var random = TestRandom(seed: 5)
        let scalars = [0x41...0x7A, 0xC0...0x24F, 0x300...0x345, 0x1100...0x11FF, 0x1E00...0x1FFF, 0xAC00...0xACFF]
        for _ in 0..<2000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int(random.next() % 6) {
                let range = scalars[Int(random.next() % 6)]
                guard let scalar = Unicode.Scalar(range.lowerBound + Int(random.next() % UInt64(range.count))) else {
                    continue
                }
                text.append(scalar)
            }
            let expected = String(text).precomposedStringWithCanonicalMapping
            #expect(String(text).nfc.utf8.elementsEqual(expected.utf8), "\(text.map(\.value))")
        }
    }

    @Test(arguments: [
        ("", ""), (" \t\r\n", ""), (" a b\r\n", "a b"), ("\u{A0}\u{3000}ä\u{2028}", "ä"), ("a\u{200B}", "a\u{200B}"),
        // A mark on a blank belongs to the text.
        (" \u{301}x", "\u{301}x"),
    ])
    func trimmingTakesWhiteSpaceAtBothEnds(text: String, trimmed: String) {
        #expect(Array(text.trimmed.unicodeScalars) == Array(trimmed.unicodeScalars))
    }
}
