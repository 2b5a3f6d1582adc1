import Foundation
import TestSupport
import Testing

@testable import WordPiece

/// The words of a text and their places in it, for every normalization.
struct TextWordsTests {
    /// What normalization takes apart, removes, replaces or isolates.
    private static let parts = [
        "hello", "HELLO", "hel", "abc", "world", "a", "b", " ", "  ", "\n", "\t", ",", "!", "é", "e\u{301}",
        "e\u{323}\u{301}", "É", "İ", "ß", "中", "文x", "🦜", "👩🏽‍🚀", "\u{0}", "\u{7}", "\u{200B}", "\u{AD}", "\u{FFFD}",
        "한", "\u{1112}\u{1161}\u{11AB}", "ﬁ", "Ω", "ͅ", "\u{93C}", "\u{915}\u{93C}", "\u{1D165}", "≠", "[MASK]",
        "[SEP]",
        "ab\u{301}c", "\u{301}", "x\u{0}y", "\u{3000}", "\u{A0}",
    ]

    private static func text(_ random: inout TestRandom, parts count: Int) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<count {
            text.append(contentsOf: parts[Int.random(in: 0..<parts.count, using: &random)].unicodeScalars)
        }
        return String(text)
    }

    /// The bytes of each word alone have its tokens, and what is between words has none.
    private func check(_ text: String, _ tokenizer: WordPieceTokenizer, seed: UInt64) throws {
        let words = tokenizer.words(text)
        #expect(tokenizer.sequence(words.tokens) == tokenizer.encode(text, maxTokens: .max), "seed \(seed)")
        let bytes = Array(text.utf8)
        func tokens(_ range: Range<Int>) throws -> [Int32] {
            let part = try #require(
                String(validating: bytes[range], as: UTF8.self), "seed \(seed): a scalar is divided")
            return Array(tokenizer.encode(part, maxTokens: .max).dropFirst().dropLast())
        }
        var end = 0
        for word in 0..<words.count {
            let range = words.bytes(of: word..<word + 1)
            #expect(range.lowerBound >= end && !range.isEmpty, "seed \(seed): words in order")
            #expect(try tokens(end..<range.lowerBound).isEmpty, "seed \(seed): nothing between words")
            #expect(try tokens(range) == Array(words.tokens(of: word..<word + 1)), "seed \(seed), word \(word)")
            end = range.upperBound
        }
        #expect(try tokens(end..<bytes.count).isEmpty, "seed \(seed): nothing behind the last word")
    }

    @Test(arguments: [true, false]) func wordsAreWhereTheyAreInTheOriginalText(lowercase: Bool) throws {
        let folder = try TokenizerFolder()
        try folder.writeTokenizerFile { $0["normalizer"] = TokenizerFolder.normalizer(lowercase: lowercase) }
        try folder.writeClassOfTokenizerFileAlone()
        let tokenizer = try folder.tokenizer()
        for seed in UInt64(0)..<300 {
            var random = TestRandom(seed: seed)
            // Some are longer than what is normalized at once.
            try check(Self.text(&random, parts: seed % 30 == 0 ? 600 : 12), tokenizer, seed: seed)
        }
    }

    @Test func accentsAndWhatIsRemovedBehindAWordBelongToIt() throws {
        let folder = try TokenizerFolder()
        try folder.writeVocabulary()
        let tokenizer = try folder.tokenizer()
        let words = tokenizer.words("hello e\u{301}\u{7} world")
        #expect(words.count == 3 && words.bytes(of: 1..<2) == 6..<10 && words.bytes(of: 0..<3) == 0..<16)
    }

    @Test(arguments: ["", " ", "\u{7}\u{0}\u{301}", "\n\t\u{3000}"]) func textsOfBlanksHaveNoWords(text: String) throws
    {
        let folder = try TokenizerFolder()
        try folder.writeVocabulary()
        let words = try folder.tokenizer().words(text)
        #expect(words.count == 0 && words.tokens.isEmpty && words.bytes(of: 0..<0).isEmpty)
    }
}
