import Foundation
import TestSupport
import Testing

@testable import WordPiece

/// Files that are refused, and why.
struct BadFileTests {
    private func refusal(preparing prepare: (TokenizerFolder) throws -> Void) throws -> String {
        let folder = try TokenizerFolder()
        try prepare(folder)
        do {
            _ = try folder.tokenizer()
            return "accepted"
        } catch let error as WordPieceError {
            return "\(error)".replacingOccurrences(of: folder.path, with: "DIR")
        }
    }

    private func refusal(changing change: (inout [String: Any]) -> Void) throws -> String {
        try refusal(preparing: { try $0.writeTokenizerFile(change) })
    }

    /// Changes one key of a section.
    private func refusal(_ section: String, _ key: String, _ value: Any) throws -> String {
        try refusal(changing: { document in
            var content = document[section] as? [String: Any] ?? [:]
            content[key] = value
            document[section] = content
        })
    }

    @Test func folderWithoutFilesIsNamed() throws {
        #expect(try refusal(preparing: { _ in }) == "DIR: has neither tokenizer.json nor vocab.txt")
    }

    @Test func duplicateLinesOfAVocabularyAreNamed() throws {
        let reason = try refusal(preparing: { try $0.writeVocabulary(TokenizerFolder.specials + ["a", "b", "a"]) })
        #expect(reason == #"DIR/vocab.txt: line 8: "a": the token occurs twice"#)
    }

    @Test func missingSpecialTokensAreNamed() throws {
        #expect(
            try refusal(preparing: { try $0.writeVocabulary(["[CLS]", "[SEP]", "a"]) })
                == #"DIR/vocab.txt: the token "[UNK]" is missing"#)
        #expect(
            try refusal(preparing: { try $0.writeVocabulary(["[UNK]", "[SEP]", "a"]) })
                == #"DIR/vocab.txt: the token "[CLS]" is missing"#)
        #expect(
            try refusal(preparing: { try $0.writeVocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"]) })
                == #"DIR/vocab.txt: the token "[MASK]" is missing"#)
        #expect(
            try refusal("model", "unk_token", "<unk>")
                == #"DIR/tokenizer.json: model.vocab lacks the unknown token "<unk>""#)
    }

    @Test func emptyVocabularyIsRefused() throws {
        #expect(try refusal(preparing: { try $0.write("vocab.txt", "\n\n") }) == "DIR/vocab.txt: has no tokens")
    }

    @Test func bytesThatAreNotUTF8AreRefused() throws {
        #expect(
            try refusal(preparing: { try $0.write("vocab.txt", Data("[UNK]\na".utf8) + [0xFF, 0x0A]) })
                == "DIR/vocab.txt: line 2 is not UTF-8")
        let reason = try refusal(preparing: {
            try $0.write("tokenizer.json", Data(#"{"version": ""#.utf8) + [0xC3, 0x22, 0x7D])
        })
        #expect(reason == "DIR/tokenizer.json: not JSON: line 1: not UTF-8")
    }

    @Test func windowsLineEndsAreNoPartOfTokens() throws {
        let folder = try TokenizerFolder()
        try folder.write("vocab.txt", TokenizerFolder.pieces.joined(separator: "\r\n") + "\r\n")
        #expect(try folder.tokenizer().tokens("hello") == ["[CLS]", "hello", "[SEP]"])
    }

    @Test func whatIsNotDoneIsNamed() throws {
        #expect(try refusal("model", "type", "BPE") == #"DIR/tokenizer.json: model.type: "BPE" is not supported"#)
        #expect(try refusal("model", "dropout", 0.5) == "DIR/tokenizer.json: model.dropout: 0.5 is not supported")
        #expect(
            try refusal("normalizer", "type", "NFKC")
                == #"DIR/tokenizer.json: normalizer.type: "NFKC" is not supported"#)
        #expect(try refusal("normalizer", "nmt", true) == "DIR/tokenizer.json: normalizer.nmt: true is not supported")
        #expect(
            try refusal("pre_tokenizer", "type", "Whitespace")
                == #"DIR/tokenizer.json: pre_tokenizer.type: "Whitespace" is not supported"#)
        #expect(
            try refusal(changing: { $0["pre_tokenizer"] = NSNull() })
                == "DIR/tokenizer.json: pre_tokenizer: null is not supported")
        #expect(
            try refusal("post_processor", "type", "ByteLevel")
                == #"DIR/tokenizer.json: post_processor.type: "ByteLevel" is not supported"#)
        #expect(try refusal(changing: { $0["extra"] = [1] }) == "DIR/tokenizer.json: extra: […] is not supported")
        #expect(
            try refusal(changing: { $0["truncation"] = ["direction": "Left", "max_length": 9] as [String: Any] })
                == #"DIR/tokenizer.json: truncation.direction: "Left" is not supported"#)
        #expect(
            try refusal(changing: { $0["version"] = "2.0" }) == #"DIR/tokenizer.json: version: "2.0" is not supported"#)
        #expect(
            try refusal(changing: { $0["padding"] = ["fill": 1] as [String: Any] })
                == "DIR/tokenizer.json: padding.fill: 1 is not supported")
        #expect(
            try refusal(changing: { $0["truncation"] = 7 })
                == "DIR/tokenizer.json: truncation is neither an object nor null")
        #expect(
            try refusal(changing: { $0["truncation"] = ["overlap": 1] as [String: Any] })
                == "DIR/tokenizer.json: truncation.overlap: 1 is not supported")
        #expect(
            try refusal("pre_tokenizer", "behavior", "Isolated")
                == #"DIR/tokenizer.json: pre_tokenizer.behavior: "Isolated" is not supported"#)
    }

    @Test func sequencesAreNamedWhateverIsInThem() throws {
        let inner = [["type": "BertNormalizer"]]
        #expect(
            try refusal(changing: { $0["normalizer"] = ["type": "Sequence", "normalizers": inner] as [String: Any] })
                == #"DIR/tokenizer.json: normalizer.type: "Sequence" is not supported"#)
        #expect(
            try refusal(changing: { $0["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": []] as [String: Any] })
                == #"DIR/tokenizer.json: pre_tokenizer.type: "Sequence" is not supported"#)
        #expect(
            try refusal(changing: { $0["post_processor"] = ["type": "Sequence", "processors": []] as [String: Any] })
                == #"DIR/tokenizer.json: post_processor.type: "Sequence" is not supported"#)
    }

    @Test(arguments: [
        "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Replace", "Prepend", "Precompiled", "Nmt",
        "ByteLevel",
    ])
    func otherNormalizersAreNamed(type: String) throws {
        #expect(
            try refusal(changing: { $0["normalizer"] = ["type": type] })
                == #"DIR/tokenizer.json: normalizer.type: "\#(type)" is not supported"#)
    }

    @Test(arguments: [
        "Whitespace", "WhitespaceSplit", "Punctuation", "Digits", "Metaspace", "ByteLevel", "CharDelimiterSplit",
        "Split", "UnicodeScripts",
    ])
    func otherPreTokenizersAreNamed(type: String) throws {
        #expect(
            try refusal(changing: { $0["pre_tokenizer"] = ["type": type] })
                == #"DIR/tokenizer.json: pre_tokenizer.type: "\#(type)" is not supported"#)
    }

    @Test(arguments: ["BPE", "WordLevel", "Unigram"]) func otherModelsAreNamed(type: String) throws {
        #expect(try refusal("model", "type", type) == #"DIR/tokenizer.json: model.type: "\#(type)" is not supported"#)
    }

    @Test func templatesThatAreNotBERTsAreNamed() throws {
        func refusal(_ single: [[String: [String: Any]]]) throws -> String {
            try self.refusal("post_processor", "single", single)
        }
        let text: [String: [String: Any]] = ["Sequence": ["id": "A", "type_id": 0]]
        #expect(
            try refusal([["Sequence": ["id": "B", "type_id": 0]]])
                == #"DIR/tokenizer.json: post_processor.single.Sequence.id: "B" is not supported"#)
        #expect(
            try refusal([["Sequence": ["id": "A", "type_id": 1]]])
                == "DIR/tokenizer.json: post_processor.single.Sequence.type_id: 1 is not supported")
        #expect(
            try refusal([["SpecialToken": ["id": "[CLS]", "type_id": 1]], text])
                == "DIR/tokenizer.json: post_processor.single.SpecialToken.type_id: 1 is not supported")
        #expect(
            try refusal([["Other": [:]], text]) == "DIR/tokenizer.json: post_processor.single: {…} is not supported")
        #expect(
            try refusal([text, text]) == "DIR/tokenizer.json: post_processor.single must have the text exactly once")
        #expect(try refusal([]) == "DIR/tokenizer.json: post_processor.single must have the text exactly once")
        #expect(
            try refusal([["SpecialToken": ["id": "<s>", "type_id": 0]], text])
                == #"DIR/tokenizer.json: post_processor.special_tokens lacks "<s>""#)
        #expect(
            try self.refusal("post_processor", "trim_offsets", true).hasSuffix(
                "post_processor.trim_offsets: true is not supported"))
    }

    @Test func flagsOfAddedTokensThatWouldMatterAreNamed() throws {
        func refusal(_ tokens: [[String: Any]]) throws -> String {
            try self.refusal(changing: { $0["added_tokens"] = tokens })
        }
        let count = TokenizerFolder.pieces.count
        #expect(
            try refusal([TokenizerFolder.addedToken("[UNK]", id: 1, singleWord: true)])
                == #"DIR/tokenizer.json: added_tokens: "[UNK]": single_word: true is not supported"#)
        var strips = TokenizerFolder.addedToken("[UNK]", id: 1)
        strips["lstrip"] = true
        #expect(try refusal([strips]) == "accepted")
        #expect(
            try refusal([strips, TokenizerFolder.addedToken("end ", id: count, normalized: true)])
                == "DIR/tokenizer.json: added_tokens.lstrip, beside a token that begins or ends with a blank: "
                + "true is not supported"
        )
        #expect(
            try refusal([TokenizerFolder.addedToken("\u{301}", id: count, normalized: true)])
                == "DIR/tokenizer.json: added_tokens: \"\u{301}\", which normalization makes empty, "
                + "is not supported"
        )
        var unknown = TokenizerFolder.addedToken("[UNK]", id: 1)
        unknown["score"] = 1
        #expect(try refusal([unknown]) == #"DIR/tokenizer.json: added_tokens: "[UNK]": score: 1 is not supported"#)
        #expect(try refusal([TokenizerFolder.addedToken("[UNK]", id: 3)]).hasSuffix("the token occurs twice"))
    }

    @Test func keysThatOccurTwiceAreRefused() throws {
        let reason = try refusal(preparing: { folder in
            let document = try JSONSerialization.data(
                withJSONObject: TokenizerFolder.document(pieces: TokenizerFolder.pieces))
            let text = String(decoding: document, as: UTF8.self)
            try folder.write(
                "tokenizer.json", text.replacing(#""lowercase":true"#, with: #""lowercase":true,"lowercase":false"#))
        })
        #expect(reason == "DIR/tokenizer.json: normalizer.lowercase occurs twice")
    }

    @Test func tokensOfOtherFilesMustBeKnown() throws {
        func refusal(_ name: String, _ content: String, _ withVocabulary: Bool) throws -> String {
            try self.refusal(preparing: {
                if withVocabulary { try $0.writeVocabulary() } else { try $0.writeTokenizerFile() }
                try $0.write(name, content)
            })
        }
        let known =
            #"{"added_tokens_decoder": {"4": {"content": "[MASK]", "normalized": false, "single_word": false}}, "#
            + #""mask_token": "[MASK]"}"#
        let foreign = "which the tokenizer itself does not look for, is not supported"
        for withVocabulary in [true, false] {
            #expect(try refusal("tokenizer_config.json", known, withVocabulary) == "accepted")
            #expect(
                try refusal("tokenizer_config.json", known.replacing("\"4\"", with: "\"30\""), withVocabulary)
                    == "DIR/tokenizer_config.json: added_tokens_decoder: \"[MASK]\", \(foreign)")
            #expect(
                try refusal("tokenizer_config.json", #"{"additional_special_tokens": ["<user>"]}"#, withVocabulary)
                    == "DIR/tokenizer_config.json: additional_special_tokens: \"<user>\", \(foreign)")
            #expect(
                try refusal("tokenizer_config.json", #"{"extra_special_tokens": {"user": "<user>"}}"#, withVocabulary)
                    == "DIR/tokenizer_config.json: extra_special_tokens: \"<user>\", \(foreign)")
            #expect(
                try refusal("special_tokens_map.json", #"{"cls_token": {"content": "<s>"}}"#, withVocabulary)
                    == "DIR/special_tokens_map.json: cls_token: \"<s>\", \(foreign)")
            #expect(try refusal("special_tokens_map.json", #"{"cls_token": "[CLS]"}"#, withVocabulary) == "accepted")
            #expect(
                try refusal("added_tokens.json", #"{"<user>": 30}"#, withVocabulary)
                    == "DIR/added_tokens.json: added token: \"<user>\", \(foreign)")
        }
    }

    @Test func settingsThatAreNotDoneAreNamed() throws {
        func refusal(_ settings: String) throws -> String {
            try self.refusal(preparing: {
                try $0.writeVocabulary()
                try $0.write("tokenizer_config.json", settings)
            })
        }
        #expect(
            try refusal(#"{"do_basic_tokenize": false}"#)
                == "DIR/tokenizer_config.json: do_basic_tokenize: false is not supported")
        #expect(
            try refusal(#"{"truncation_side": "left"}"#)
                == #"DIR/tokenizer_config.json: truncation_side: "left" is not supported"#)
        #expect(
            try refusal(#"{"do_lower_case": 1}"#)
                == "DIR/tokenizer_config.json: do_lower_case is neither true nor false")
        #expect(try refusal("[]") == "DIR/tokenizer_config.json: not JSON: line 1: expected an object")
        #expect(
            try refusal(#"{"tokenizer_class": "BertJapaneseTokenizer"}"#)
                == #"DIR/tokenizer_config.json: tokenizer_class: "BertJapaneseTokenizer" is not supported"#)
        #expect(
            try refusal(#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#)
                == #"DIR/tokenizer_config.json: tokenizer_class: "PreTrainedTokenizerFast", without tokenizer.json, "#
                + "is not supported"
        )
        #expect(
            try refusal(#"{"do_lower_case": true, "do_lower_case": false}"#)
                == "DIR/tokenizer_config.json: do_lower_case occurs twice")
        let other = try self.refusal(preparing: {
            try $0.writeTokenizerFile()
            try $0.write("tokenizer_config.json", #"{"sep_token": "[MASK]"}"#)
        })
        #expect(
            other
                == #"DIR/tokenizer_config.json: sep_token: "[MASK]", which is not that of tokenizer.json, "#
                + "is not supported"
        )
    }

    @Test func idsThatCannotBeAreRefused() throws {
        func vocabulary(_ pairs: [(String, Int)]) throws -> String {
            try refusal("model", "vocab", Dictionary(uniqueKeysWithValues: pairs))
        }
        #expect(try vocabulary([("[UNK]", 1), ("a", 1)]).hasSuffix("its id belongs to another token"))
        #expect(
            try vocabulary([("[UNK]", Int(Int32.max))])
                == #"DIR/tokenizer.json: model.vocab: "[UNK]": its id is out of range"#)
        #expect(try vocabulary([("[UNK]", -4)]) == "DIR/tokenizer.json: model.vocab is not a non-negative integer")
        let gap: (inout [String: Any]) -> Void = { $0["added_tokens"] = [TokenizerFolder.addedToken("new", id: 900)] }
        #expect(
            try refusal(changing: gap)
                == #"DIR/tokenizer.json: added_tokens: "new": its id does not follow those before it"#)
    }
}
