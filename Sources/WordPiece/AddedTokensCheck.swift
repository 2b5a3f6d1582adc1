import JSON

/// Tokens that the files beside `tokenizer.json` and `vocab.txt` add in transformers. The tokenizer must find each of
/// them in texts anyway, because another token would change the ids of texts.
struct AddedTokensCheck {
    private let file: FileBytes
    private let root: JSONValue
    private let model: TokenizerModel

    /// Refuses a directory whose other files name tokens that `model` lacks.
    static func check(_ directory: String, against model: TokenizerModel) throws(WordPieceError) {
        for (name, check) in [
            ("tokenizer_config.json", checkSettings), ("special_tokens_map.json", checkNamedTokens),
            ("added_tokens.json", checkAddedTokens),
        ] {
            guard let file = try FileBytes.read("\(directory)/\(name)") else { continue }
            try check(AddedTokensCheck(file: file, root: try TokenizerFile.parse(file), model: model))()
        }
    }

    private func checkSettings() throws(WordPieceError) {
        if case .object(let members)? = root["added_tokens_decoder"] {
            for (id, entry) in members { try checkDecoder(id, entry) }
        }
        try checkNamedTokens()
    }

    /// An entry of `added_tokens_decoder`: the token under that id, with the same flags.
    private func checkDecoder(_ id: String, _ entry: JSONValue) throws(WordPieceError) {
        guard let content = entry.tokenContent else {
            throw .malformed(file: file.path, reason: "added_tokens_decoder: \"\(id)\" has no content")
        }
        func flag(_ key: String) -> Bool { if case .boolean(true)? = entry[key] { true } else { false } }
        let isSame = model.addedTokens.contains {
            $0.content == content && "\($0.id)" == id && $0.isNormalized == flag("normalized") && !flag("single_word")
        }
        if !isSame { throw unsupported("added_tokens_decoder", content) }
    }

    private func checkNamedTokens() throws(WordPieceError) {
        // transformers adds `bos_token` and `eos_token` too, and version 5 every other key of this form.
        // BERT's tokens were read before.
        if case .object(let members) = root {
            for (key, value) in members
            where key.hasSuffix("_token") && !SpecialTokens.defaults.contains(where: { $0.0 == key }) {
                if let content = value.tokenContent { try requireKnown(content, key) }
            }
        }
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            switch root[key] {
            case .array(let tokens):
                for token in tokens { if let content = token.tokenContent { try requireKnown(content, key) } }
            case .object(let tokens):
                for (_, token) in tokens { if let content = token.tokenContent { try requireKnown(content, key) } }
            default: continue
            }
        }
    }

    /// `added_tokens.json`: contents and ids.
    private func checkAddedTokens() throws(WordPieceError) {
        guard case .object(let members) = root else { return }
        for (content, _) in members { try requireKnown(content, "added token") }
    }

    private func requireKnown(_ content: String, _ key: String) throws(WordPieceError) {
        if !model.finds(content) { throw unsupported(key, content) }
    }

    private func unsupported(_ key: String, _ content: String) -> WordPieceError {
        Self.unsupported(file.path, key, content)
    }

    static func unsupported(_ file: String, _ key: String, _ content: String) -> WordPieceError {
        .unsupported(file: file, feature: "\(key): \"\(content)\", which the tokenizer itself does not look for,")
    }
}
