import Foundation
import TestSupport
import Testing

@testable import WordPiece

/// What a small vocabulary makes of texts.
struct EncodingTests {
    private func tokenizer(_ change: (inout [String: Any]) -> Void = { _ in }) throws -> WordPieceTokenizer {
        let folder = try TokenizerFolder()
        try folder.writeTokenizerFile(change)
        try folder.writeClassOfTokenizerFileAlone()
        return try folder.tokenizer()
    }

    @Test func wordsAreCutIntoTheLongestPieces() throws {
        let tokenizer = try tokenizer()
        #expect(
            tokenizer.tokens("hello helloing hello, WORLD!") == [
                "[CLS]", "hello", "hello", "##ing", "hello", ",", "world", "!", "[SEP]",
            ])
        #expect(tokenizer.tokens("hella") == ["[CLS]", "[UNK]", "[SEP]"])
        #expect(tokenizer.tokens("abcabc") == ["[CLS]", "a", "##b", "##c", "##a", "##b", "##c", "[SEP]"])
    }

    @Test func nothingIsTheTwoSpecialTokens() throws {
        let tokenizer = try tokenizer()
        for text in ["", "   ", "\t\n\u{3000}", "\u{200B}\u{7}"] {
            #expect(tokenizer.tokens(text) == ["[CLS]", "[SEP]"])
        }
    }

    @Test func wordsOfMoreThanOneHundredScalarsAreUnknown() throws {
        let tokenizer = try tokenizer { document in document["normalizer"] = NSNull() }
        #expect(tokenizer.tokens(String(repeating: "a", count: 100), maxTokens: 256).count == 102)
        #expect(tokenizer.tokens(String(repeating: "a", count: 101), maxTokens: 256) == ["[CLS]", "[UNK]", "[SEP]"])
        #expect(tokenizer.tokens(String(repeating: "é", count: 100), maxTokens: 256).count == 102)
        #expect(tokenizer.tokens(String(repeating: "é", count: 101), maxTokens: 256) == ["[CLS]", "[UNK]", "[SEP]"])
    }

    @Test func longestWordIsTheFilesOwn() throws {
        let tokenizer = try tokenizer { document in
            var model = document["model"] as? [String: Any] ?? [:]
            model["max_input_chars_per_word"] = 3
            document["model"] = model
        }
        #expect(tokenizer.tokens("abc abca") == ["[CLS]", "a", "##b", "##c", "[UNK]", "[SEP]"])
    }

    @Test func specialTokensInTheTextAreRecognized() throws {
        let tokenizer = try tokenizer()
        #expect(
            tokenizer.tokens("a[MASK]b [SEP] [mask]") == [
                "[CLS]", "a", "[MASK]", "b", "[SEP]", "[UNK]", "[UNK]", "[UNK]", "[SEP]",
            ])
    }

    @Test func normalizedAddedTokensAreFoundInNormalForm() throws {
        let count = TokenizerFolder.pieces.count
        let tokenizer = try tokenizer { document in
            var tokens = document["added_tokens"] as? [[String: Any]] ?? []
            tokens.append(TokenizerFolder.addedToken("Café Bar", id: count, normalized: true))
            tokens.append(TokenizerFolder.addedToken("Café Bars", id: count + 1, normalized: true))
            document["added_tokens"] = tokens
        }
        #expect(tokenizer.vocabularySize == count + 2)
        #expect(
            tokenizer.tokens("a CAFE BARS cafe\u{301} bar!") == ["[CLS]", "a", "Café Bars", "Café Bar", "!", "[SEP]"])
    }

    @Test func canonicallyEquivalentPiecesAreTwoTokens() throws {
        let folder = try TokenizerFolder()
        try folder.writeVocabulary(TokenizerFolder.specials + ["\u{E9}", "e\u{301}", "e", "##\u{301}"])
        try folder.write("tokenizer_config.json", #"{"do_lower_case": false}"#)
        let tokenizer = try folder.tokenizer()
        #expect(tokenizer.encode("\u{E9} e\u{301}", maxTokens: 9) == [2, 5, 6, 3])
    }

    @Test func tokensNeverExceedTheLimit() throws {
        let tokenizer = try tokenizer()
        let text = String(repeating: "hello ", count: 50)
        for limit in [0, 1, 2, 3, 10, 51, 52, 53, 1000] {
            #expect(tokenizer.encode(text, maxTokens: limit).count == min(limit, 52))
        }
        #expect(tokenizer.encode(text, maxTokens: -5).isEmpty)
        #expect(tokenizer.encode(text, maxTokens: .max).count == 52)
    }

    @Test func longTextsAreReadInStretchesWithoutSeams() throws {
        let tokenizer = try tokenizer()
        let words = ["hello", "abc", "e\u{301}a", "中x", "[MASK]", "b\u{200B}c,", "\u{A0}"]
        var random = TestRandom(seed: 4)
        let text = (0..<20_000).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
        let whole = tokenizer.encode(text, maxTokens: .max)
        for limit in [500, 5_000, 30_000] {
            #expect(tokenizer.encode(text, maxTokens: limit) == whole.prefix(limit - 1) + [3])
        }
        #expect(tokenizer.encode(String(repeating: "a", count: 100_000), maxTokens: 256) == [2, 1, 3])
    }

    @Test func tokenNamesAreThoseOfTheVocabulary() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.token(0) == "[PAD]")
        #expect(tokenizer.token(-1) == nil)
        #expect(tokenizer.token(Int32(TokenizerFolder.pieces.count)) == nil)
        #expect(tokenizer.token(.max) == nil)
    }

    @Test func bertProcessingIsATemplateToo() throws {
        let tokenizer = try tokenizer { document in
            document["post_processor"] =
                ["type": "BertProcessing", "sep": ["[SEP]", 3] as [Any], "cls": ["[CLS]", 2] as [Any]] as [String: Any]
        }
        #expect(tokenizer.tokens("a") == ["[CLS]", "a", "[SEP]"])
    }

    @Test func settingsFileHasTheLastWord() throws {
        let folder = try TokenizerFolder()
        try folder.writeTokenizerFile()
        try folder.write(
            "tokenizer_config.json",
            #"{"do_lower_case": false, "strip_accents": false, "tokenize_chinese_chars": false}"#)
        let tokenizer = try folder.tokenizer()
        #expect(tokenizer.tokens("HELLO hello é x中") == ["[CLS]", "[UNK]", "hello", "é", "[UNK]", "[SEP]"])
        let plain = #"{"do_lower_case": false, "tokenizer_class": "PreTrainedTokenizerFast"}"#
        try folder.write("tokenizer_config.json", plain)
        #expect(try folder.tokenizer().tokens("HELLO") == ["[CLS]", "hello", "[SEP]"])
        try folder.write("tokenizer_config.json", #"{"strip_accents": null, "model_max_length": 512}"#)
        #expect(try folder.tokenizer().tokens("HELLO é") == ["[CLS]", "hello", "e", "[SEP]"])
    }
}
