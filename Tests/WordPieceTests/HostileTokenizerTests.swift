import Foundation
import TestSupport
import Testing

@testable import WordPiece

/// Damaged tokenizer files: each is an error or gives a tokenizer that keeps to its limits.
struct HostileTokenizerTests {
    private static let rounds = 10_000
    private static let texts = ["hello 中 [MASK] é", "", "İß\u{301}\u{0}", String(repeating: "ab", count: 60)]
    private let seed: UInt64

    init() {
        seed = ProcessInfo.processInfo.environment["LORIKEET_TEST_SEED"].flatMap(UInt64.init) ?? 2026
        print("seed of the damages: \(seed)")
    }

    private func checkLimits(_ tokenizer: WordPieceTokenizer) {
        for text in Self.texts {
            let ids = tokenizer.encode(text, maxTokens: 8)
            #expect(ids.count <= 8 && ids.allSatisfy { tokenizer.token($0) != nil })
        }
    }

    @Test func damagedTokenizerFilesAreErrorsOrTokenize() throws {
        let original = [UInt8](
            try JSONSerialization.data(withJSONObject: TokenizerFolder.document(pieces: TokenizerFolder.pieces)))
        var mutator = FileMutator(seed: seed)
        var accepted = 0
        for _ in 0..<Self.rounds {
            guard
                let model = try? TokenizerFile.model(
                    FileBytes(path: "tokenizer.json", bytes: mutator.mutated(original)))
            else {
                continue
            }
            accepted += 1
            if accepted % 20 == 0 { checkLimits(try WordPieceTokenizer(model)) }
        }
        #expect(accepted > 0)
    }

    @Test func damagedVocabulariesAreErrorsOrTokenize() throws {
        let original = Array((TokenizerFolder.pieces.joined(separator: "\n") + "\n").utf8)
        var mutator = FileMutator(seed: seed)
        var accepted = 0
        for _ in 0..<Self.rounds {
            let file = FileBytes(path: "vocab.txt", bytes: mutator.mutated(original))
            guard
                let model = try? VocabularyFile.model(file, settings: TokenizerSettings(path: "tokenizer_config.json"))
            else { continue }
            accepted += 1
            if accepted % 20 == 0 { checkLimits(try WordPieceTokenizer(model)) }
        }
        #expect(accepted > 0)
    }

    @Test func damagedSettingsAreErrorsOrTokenize() throws {
        let folder = try TokenizerFolder()
        try folder.writeTokenizerFile()
        let original = Array(
            #"""
            {"do_lower_case": true, "strip_accents": null, "tokenize_chinese_chars": true, "unk_token": "[UNK]",
             "cls_token": {"content": "[CLS]"},
             "added_tokens_decoder": {"4": {"content": "[MASK]", "normalized": false, "single_word": false}},
             "tokenizer_class": "BertTokenizer"}
            """#.utf8)
        var mutator = FileMutator(seed: seed)
        var accepted = 0
        for round in 0..<Self.rounds {
            let damaged = mutator.mutated(original)
            let settings = try? TokenizerSettings.read(FileBytes(path: "tokenizer_config.json", bytes: damaged))
            // The whole folder, for one in ten: it reads the tokenizer's file again each time.
            guard settings != nil, round % 10 == 0 else { continue }
            try folder.write("tokenizer_config.json", Data(damaged))
            guard let model = try? TokenizerModel.read(directory: folder.path) else { continue }
            accepted += 1
            checkLimits(try WordPieceTokenizer(model))
        }
        #expect(accepted > 0)
    }
}
