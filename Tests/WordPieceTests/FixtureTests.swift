import Foundation
import TestSupport
import Testing

@testable import WordPiece

/// Ids that Hugging Face's tokenizers gave; see Fixtures/tokenization.py.
struct FixtureTests {
    private struct Fixture: Decodable {
        struct Variant: Decodable {
            var cleanText: Bool
            var handleChineseChars: Bool
            var stripAccents: Bool?
            var lowercase: Bool
            var ids: [[Int32]]
        }
        struct Settings: Decodable {
            var config: String
            var ids: [[Int32]]
        }
        var strings: [String]
        var settings: [Settings]
        var real: [[Int32]]
        var scalars: [UInt32]
        var variants: [Variant]
    }

    private func fixture() throws -> Fixture {
        let url = try #require(
            Bundle.module.url(forResource: "tokenization", withExtension: "json", subdirectory: "Fixtures"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Fixture.self, from: Data(contentsOf: url))
    }

    @Test func realVocabularyGivesTheIdsOfHuggingFace() throws {
        let fixture = try fixture()
        let tokenizer = try WordPieceTokenizer(directory: TestModels.base)
        #expect(tokenizer.vocabularySize == 30_522)
        for (string, ids) in zip(fixture.strings, fixture.real) {
            #expect(tokenizer.encode(string, maxTokens: 64) == ids)
        }
    }

    @Test func vocabularyFileGivesTheSameIdsAsTokenizerFile() throws {
        let fixture = try fixture()
        let folder = try TokenizerFolder()
        try folder.write("vocab.txt", Data(contentsOf: URL(fileURLWithPath: TestModels.base + "/vocab.txt")))
        let tokenizer = try folder.tokenizer()
        for (string, ids) in zip(fixture.strings, fixture.real) {
            #expect(tokenizer.encode(string, maxTokens: 64) == ids)
        }
    }

    @Test func settingsBesideAVocabularyGiveTheIdsOfTransformers() throws {
        let fixture = try fixture()
        #expect(fixture.settings.count == 5)
        for settings in fixture.settings {
            let folder = try TokenizerFolder()
            try folder.write("vocab.txt", Data(contentsOf: URL(fileURLWithPath: TestModels.base + "/vocab.txt")))
            try folder.write("tokenizer_config.json", settings.config)
            let tokenizer = try folder.tokenizer()
            for (string, ids) in zip(fixture.strings, settings.ids) {
                #expect(tokenizer.encode(string, maxTokens: 64) == ids, "\(settings.config)")
            }
        }
    }

    @Test func everyCombinationOfOptionsGivesTheIdsOfHuggingFace() throws {
        let fixture = try fixture()
        let scalars = fixture.scalars.compactMap { Unicode.Scalar($0).map(String.init) }
        for variant in fixture.variants {
            let folder = try TokenizerFolder()
            try folder.writeTokenizerFile(pieces: TokenizerFolder.specials + scalars + scalars.map { "##" + $0 }) {
                document in
                document["normalizer"] =
                    [
                        "type": "BertNormalizer", "clean_text": variant.cleanText,
                        "handle_chinese_chars": variant.handleChineseChars,
                        "strip_accents": variant.stripAccents ?? NSNull(), "lowercase": variant.lowercase,
                    ] as [String: Any]
            }
            try folder.writeClassOfTokenizerFileAlone()
            let tokenizer = try folder.tokenizer()
            for (string, ids) in zip(fixture.strings, variant.ids) {
                #expect(tokenizer.encode(string, maxTokens: 64) == ids, "\(variant.cleanText) \(variant.lowercase)")
            }
        }
    }

    @Test func truncationIsThePrefixOfTheWholeWithTheSeparator() throws {
        let fixture = try fixture()
        let tokenizer = try WordPieceTokenizer(directory: TestModels.base)
        for string in fixture.strings {
            let whole = tokenizer.encode(string, maxTokens: 512)
            for length in [2, 3, 7, 30] {
                let cut = tokenizer.encode(string, maxTokens: length)
                #expect(cut == whole.dropLast().prefix(length - 1) + [102])
            }
        }
    }
}
