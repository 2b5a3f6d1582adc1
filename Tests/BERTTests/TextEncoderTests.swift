import BERT
import TestSupport
import Testing
import WordPiece

/// Windows of long texts against a naive twin.
struct TextEncoderTests {
    private let folder: TemporaryFolder
    private let tokenizer: WordPieceTokenizer

    init() throws {
        folder = try TestModels.tinyBase(words: ["the", "river"])
        tokenizer = try WordPieceTokenizer(directory: folder.path)
    }

    private func encoder(_ longTexts: LongTexts?, maxTokens: Int = 64) -> TextEncoder {
        TextEncoder(tokenizer: tokenizer, maxTokens: maxTokens, longTexts: longTexts)
    }

    /// Words of one to eighteen tokens, accents, ideographs, emoji and control characters.
    private static func text(_ random: inout TestRandom, words count: Int) -> String {
        let parts = [
            "the", "river", "a", "xyzzy", "Ünïcôde", "e\u{301}t\u{301}", "中文", "🦜", "x\u{7}y", "...",
            "abcdefghijklmnopqr",
        ]
        let blanks = [" ", "  ", "\n", "\u{200B} ", "\u{A0}"]
        return (0..<count).map { _ in
            parts[Int.random(in: 0..<parts.count, using: &random)]
                + blanks[Int.random(in: 0..<blanks.count, using: &random)]
        }.joined()
    }

    /// The windows of words of these lengths, with sums in place of places.
    private static func twin(_ lengths: [Int], capacity: Int, stride: Int) -> [Range<Int>] {
        func sum(_ range: Range<Int>) -> Int { lengths[range].reduce(0, +) }
        var windows: [Range<Int>] = []
        var first = 0
        while true {
            let end = (first + 1...lengths.count).last { sum(first..<$0) <= capacity } ?? first + 1
            windows.append(first..<end)
            if end == lengths.count { return windows }
            let next = (first + 1...end).last { sum(first..<$0) <= stride } ?? first + 1
            first = (next...end).first { $0 == end || sum($0..<end + 1) <= capacity } ?? end
        }
    }

    @Test func windowsAreThoseOfTheTwin() throws {
        for seed in UInt64(0)..<200 {
            var random = TestRandom(seed: seed)
            let text = Self.text(&random, words: Int.random(in: 40...90, using: &random))
            let window = Int.random(in: 16...40, using: &random)
            let longTexts = LongTexts(
                window: window, stride: Int.random(in: 1...window, using: &random), maximumWindows: 1024)
            let encoded = encoder(longTexts).encode(text)
            let words = tokenizer.words(text)
            let lengths = (0..<words.count).map { words.tokens(of: $0..<$0 + 1).count }
            let twin = Self.twin(lengths, capacity: window - 2, stride: longTexts.stride)
            #expect(encoded.windows.count == twin.count, "seed \(seed)")
            #expect(encoded.longTextTokens == words.tokens.count)
            let scalars = Array(text.unicodeScalars)
            var covered = 0
            for (window, words) in zip(encoded.windows, twin) {
                #expect(words.lowerBound <= covered, "seed \(seed): no word is in no window")
                covered = words.upperBound
                let range = try #require(window.characters)
                var part = String.UnicodeScalarView()
                part.append(contentsOf: scalars[range])
                // The characters alone give the tokens of the window, but for a word that is longer than a window.
                #expect(tokenizer.encode(String(part), maxTokens: longTexts.window) == window.tokens, "seed \(seed)")
                #expect(window.tokens.count <= longTexts.window)
            }
            #expect(covered == words.count, "seed \(seed)")
        }
    }

    @Test func aTextThatFitsIsTheSameAsWithoutWindows() {
        for count in 0..<20 {
            let text = String(repeating: "the ", count: count)
            let windows = encoder(LongTexts(window: 16)).encode(text)
            if count <= 14 {
                #expect(windows == encoder(nil).encode(text))
                #expect(windows.windows.count == 1 && windows.longTextTokens == nil)
            } else {
                #expect(windows.windows.count == 2 && windows.longTextTokens == count)
            }
        }
    }

    @Test func withoutWindowsATextIsCut() {
        let encoded = encoder(nil, maxTokens: 10).encode(String(repeating: "the ", count: 99))
        #expect(encoded.windows.map(\.tokens.count) == [10] && encoded.windows[0].characters == nil)
    }

    @Test func beyondTheBudgetTheEndsAndWindowsBetweenAreLeft() {
        let text = String(repeating: "the ", count: 14 * 100)
        func starts(_ maximum: Int, _ pool: LongTexts.Pool = .mean) -> [Int] {
            encoder(LongTexts(window: 16, stride: 14, pool: pool, maximumWindows: maximum)).encode(text)
                .windows.map { ($0.characters?.lowerBound ?? -1) / (14 * 4) }
        }
        #expect(starts(1024) == Array(0..<100))
        #expect(starts(1) == [0] && starts(2) == [0, 99] && starts(3) == [0, 50, 99])
        #expect(starts(5) == [0, 25, 50, 74, 99] && starts(64).count == 64 && Set(starts(64)).count == 64)
        #expect(starts(64, .first) == [0])
    }

    @Test func aWordLongerThanAWindowIsCut() {
        let long = String(repeating: "z", count: 60)
        let text = "the river " + long + " the"
        let encoded = encoder(LongTexts(window: 16, stride: 12)).encode(text)
        #expect(encoded.windows.allSatisfy { $0.tokens.count <= 16 })
        #expect(encoded.windows.compactMap(\.characters).contains(10..<70))
        #expect(encoded.windows.last?.characters?.upperBound == 74)
    }

    @Test(arguments: [" ", "\n\t", "\u{7}", ""]) func aTextOfBlanksIsOneSequence(blank: String) {
        let encoded = encoder(LongTexts(window: 16)).encode(String(repeating: blank, count: 100_000))
        #expect(encoded.windows.map(\.tokens.count) == [2] && encoded.longTextTokens == nil)
    }

    /// As large as no message may be: only the windows of the budget are made.
    @Test func aTextOfFiftyMegabytesHasItsBudgetOfWindows() {
        let text = String(repeating: "the river of the ", count: 50_000_000 / 17 + 1)
        let encoded = encoder(LongTexts(window: 64)).encode(text)
        #expect(encoded.windows.count == 64 && encoded.windows.allSatisfy { $0.tokens.count <= 64 })
        #expect(encoded.windows.first?.characters?.lowerBound == 0)
        #expect(encoded.windows.last?.characters?.upperBound == text.utf8.count - 1)
    }
}
