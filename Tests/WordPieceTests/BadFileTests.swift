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
        #expect(try refusal(preparing: { _ in }) == "DIR: neither tokenizer.json nor vocab.txt")
    }

    @Test func duplicateLinesOfAVocabularyAreNamed() throws {
        let reason = try refusal(preparing: { try $0.writeVocabulary(TokenizerFolder.specials + ["a", "b", "a"]) })
        #expect(reason == #"DIR/vocab.txt: line 8: "a": the token occurs twice"#)
    }

    @Test func missingSpecialTokensAreNamed() throws {
        #expect(
            try refusal(preparing: { try $0.writeVocabulary(["[CLS]", "[SEP]", "a"]) }) == #"DIR/vocab.txt: the token "[UNK]" is missing"#)
        #expect(
            try refusal(preparing: { try $0.writeVocabulary(["[UNK]", "[SEP]", "a"]) }) == #"DIR/vocab.txt: the token "[CLS]" is missing"#)
        #expect(try refusal("model", "unk_token", "<unk>") == #"DIR/tokenizer.json: model.vocab lacks the unknown token "<unk>""#)
    }

    @Test func emptyVocabularyIsRefused() throws {
        #expect(try refusal(preparing: { try $0.write("vocab.txt", "\n\n") }) == "DIR/vocab.txt: no tokens")
    }

    @Test func bytesThatAreNotUTF8AreRefused() throws {
        #expect(
            try refusal(preparing: { try $0.write("vocab.txt", Data("[UNK]\na".utf8) + [0xFF, 0x0A]) })
                == "DIR/vocab.txt: line 2 is not UTF-8")
        let reason = try refusal(preparing: { try $0.write("tokenizer.json", Data(#"{"version": ""#.utf8) + [0xC3, 0x22, 0x7D]) })
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
        #expect(try refusal("normalizer", "type", "NFKC") == #"DIR/tokenizer.json: normalizer.type: "NFKC" is not supported"#)
        #expect(try refusal("normalizer", "nmt", true) == "DIR/tokenizer.json: normalizer.nmt: true is not supported")
        #expect(
            try refusal("pre_tokenizer", "type", "Whitespace") == #"DIR/tokenizer.json: pre_tokenizer.type: "Whitespace" is not supported"#)
        #expect(try refusal(changing: { $0["pre_tokenizer"] = NSNull() }) == "DIR/tokenizer.json: pre_tokenizer: null is not supported")
        #expect(
            try refusal("post_processor", "type", "ByteLevel") == #"DIR/tokenizer.json: post_processor.type: "ByteLevel" is not supported"#)
        #expect(try refusal(changing: { $0["extra"] = [1] }) == "DIR/tokenizer.json: extra: […] is not supported")
        #expect(
            try refusal(changing: { $0["truncation"] = ["direction": "Left", "max_length": 9] as [String: Any] })
                == #"DIR/tokenizer.json: truncation.direction: "Left" is not supported"#)
        let single: (inout [String: Any]) -> Void = {
            $0["added_tokens"] = [TokenizerFolder.addedToken("[UNK]", id: 1, singleWord: true)]
        }
        #expect(try refusal(changing: single) == #"DIR/tokenizer.json: added_tokens: "[UNK]": single_word: true is not supported"#)
    }

    @Test func settingsThatAreNotDoneAreNamed() throws {
        func refusal(_ settings: String) throws -> String {
            try self.refusal(preparing: {
                try $0.writeVocabulary()
                try $0.write("tokenizer_config.json", settings)
            })
        }
        #expect(try refusal(#"{"do_basic_tokenize": false}"#) == "DIR/tokenizer_config.json: do_basic_tokenize: false is not supported")
        #expect(try refusal(#"{"truncation_side": "left"}"#) == #"DIR/tokenizer_config.json: truncation_side: "left" is not supported"#)
        #expect(try refusal(#"{"do_lower_case": 1}"#) == "DIR/tokenizer_config.json: do_lower_case is neither true nor false")
        #expect(try refusal("[]") == "DIR/tokenizer_config.json: not JSON: line 1: an object was expected")
    }

    @Test func idsThatCannotBeAreRefused() throws {
        func vocabulary(_ pairs: [(String, Int)]) throws -> String {
            try refusal("model", "vocab", Dictionary(uniqueKeysWithValues: pairs))
        }
        #expect(try vocabulary([("[UNK]", 1), ("a", 1)]).hasSuffix("its id belongs to another token"))
        #expect(try vocabulary([("[UNK]", Int(Int32.max))]) == #"DIR/tokenizer.json: model.vocab: "[UNK]": its id is out of range"#)
        #expect(try vocabulary([("[UNK]", -4)]) == "DIR/tokenizer.json: model.vocab is not a whole number from 0 up")
        let gap: (inout [String: Any]) -> Void = { $0["added_tokens"] = [TokenizerFolder.addedToken("new", id: 900)] }
        #expect(try refusal(changing: gap) == #"DIR/tokenizer.json: added_tokens: "new": its id does not follow those before it"#)
    }

    @Test func mutatedFilesAreRefusedOrUsable() throws {
        let document = TokenizerFolder.document(pieces: TokenizerFolder.pieces)
        let bytes = [UInt8](try JSONSerialization.data(withJSONObject: document))
        var random = TestRandom(seed: 11)
        var accepted = 0
        for _ in 0..<3_000 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<mutated.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: mutated[place] = UInt8.random(in: 0...255, using: &random)
                case 1: mutated[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: mutated.removeSubrange(place..<min(place + 20, mutated.count))
                default: mutated.removeLast(mutated.count - place)
                }
                if mutated.isEmpty { break }
            }
            guard let model = try? TokenizerFile.model(FileBytes(path: "mutated", bytes: mutated)) else { continue }
            accepted += 1
            #expect(WordPieceTokenizer(model).encode("hello 中 [MASK] é", maxTokens: 8).count <= 8)
        }
        #expect(accepted > 0)
    }
}
