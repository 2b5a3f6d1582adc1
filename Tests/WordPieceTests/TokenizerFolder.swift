import Foundation
import TestSupport

@testable import WordPiece

/// A folder with the files of a small tokenizer, removed with the object.
final class TokenizerFolder {
    static let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    static let pieces =
        specials + [
            "a", "b", "c", "##a", "##b", "##c", "hello", "hel", "##lo", "world", "!", ",", "##ing", "é", "##é", "e",
            "中", "x",
        ]

    let path: String
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path
    }

    func write(_ name: String, _ content: String) throws { try write(name, Data(content.utf8)) }

    func write(_ name: String, _ content: Data) throws {
        try content.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    /// Makes the folder hold these files in place of those of `written`.
    func replace(_ written: inout [String: String], by files: [String: String]) throws {
        for name in written.keys where files[name] == nil {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        for (name, content) in files where written[name] != content { try write(name, content) }
        written = files
    }

    func writeVocabulary(_ pieces: [String] = pieces) throws {
        try write("vocab.txt", pieces.joined(separator: "\n") + "\n")
    }

    func tokenizer() throws -> WordPieceTokenizer { try WordPieceTokenizer(directory: path) }

    /// A tokenizer.json, changed by `change` before it is written.
    func writeTokenizerFile(pieces: [String] = pieces, _ change: (inout [String: Any]) -> Void = { _ in }) throws {
        var document = Self.document(pieces: pieces)
        change(&document)
        try write("tokenizer.json", JSONSerialization.data(withJSONObject: document))
    }

    /// Makes `tokenizer.json` count alone: a tokenizer of BERT's class has case, accents and ideographs from its
    /// settings.
    func writeClassOfTokenizerFileAlone() throws {
        try write("tokenizer_config.json", #"{"tokenizer_class": "PreTrainedTokenizerFast"}"#)
    }

    static func normalizer(lowercase: Bool) -> [String: Any] {
        [
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": NSNull(),
            "lowercase": lowercase,
        ]
    }

    static func document(pieces: [String]) -> [String: Any] {
        // Through NSString keys: Swift's String would equate pieces that differ in Unicode form.
        let vocabulary = NSMutableDictionary()
        for (id, piece) in pieces.enumerated() { vocabulary[NSString(string: piece)] = id }
        return [
            "version": "1.0", "truncation": NSNull(), "padding": NSNull(),
            "added_tokens": specials.map { addedToken($0, id: pieces.firstIndex(of: $0) ?? 0) },
            "normalizer": normalizer(lowercase: true),
            "pre_tokenizer": ["type": "BertPreTokenizer"],
            "post_processor": [
                "type": "TemplateProcessing",
                "single": [
                    ["SpecialToken": ["id": "[CLS]", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
                    ["SpecialToken": ["id": "[SEP]", "type_id": 0]],
                ],
                "pair": [Any](),
                "special_tokens": [
                    "[CLS]": ["id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]],
                    "[SEP]": ["id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]],
                ],
            ] as [String: Any],
            "decoder": ["type": "WordPiece", "prefix": "##", "cleanup": true] as [String: Any],
            "model": [
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": vocabulary,
            ] as [String: Any],
        ]
    }

    static func addedToken(_ content: String, id: Int, normalized: Bool = false, singleWord: Bool = false) -> [String:
        Any]
    {
        [
            "id": id, "content": content, "single_word": singleWord, "lstrip": false, "rstrip": false,
            "normalized": normalized,
            "special": !normalized,
        ]
    }
}

extension WordPieceTokenizer {
    /// The tokens of a text, for tests to read.
    func tokens(_ text: String, maxTokens: Int = 64) -> [String] {
        encode(text, maxTokens: maxTokens).map { token($0) ?? "?" }
    }
}
