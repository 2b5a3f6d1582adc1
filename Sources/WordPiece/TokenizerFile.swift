/// `tokenizer.json`: the whole tokenizer as Hugging Face's `tokenizers` writes it.
///
/// Whatever the file asks for is either done or refused by name: a different tokenisation is never made silently.
struct TokenizerFile {
    private let path: String
    private let root: JSONValue

    static func model(_ file: FileBytes) throws(WordPieceError) -> TokenizerModel {
        let parser = TokenizerFile(path: file.path, root: try parse(file))
        return try parser.model()
    }

    static func parse(_ file: FileBytes) throws(WordPieceError) -> JSONValue {
        do throws(JSONSyntaxError) {
            let value = try JSONParser.parse(file.bytes)
            guard case .object = value else { throw JSONSyntaxError(reason: "an object was expected", line: 1) }
            return value
        } catch {
            throw .malformed(file: file.path, reason: "not JSON: line \(error.line): \(error.reason)")
        }
    }

    private func model() throws(WordPieceError) -> TokenizerModel {
        try onlyKeys(
            root, "",
            ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"])
        var model = TokenizerModel()
        try readTruncation()
        try readPieces(into: &model)
        try readAddedTokens(into: &model)
        try readNormalizer(into: &model)
        try readPreTokenizer()
        try readPostProcessor(into: &model)
        return model
    }

    // MARK: - Sections

    /// Lengths and padding are the caller's business; only the side on which a text is cut matters.
    private func readTruncation() throws(WordPieceError) {
        guard let direction = root["truncation"]?["direction"] else { return }
        guard try string(direction, "truncation.direction") == "Right" else { throw unsupported("truncation.direction", direction) }
    }

    private func readPieces(into model: inout TokenizerModel) throws(WordPieceError) {
        guard let section = root["model"], case .object = section else { throw malformed("model is missing") }
        let type = section["type"] ?? .string("WordPiece")
        guard try string(type, "model.type") == "WordPiece" else { throw unsupported("model.type", type) }
        try onlyKeys(section, "model.", ["type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"])
        let prefix = try string(section["continuing_subword_prefix"] ?? .string("##"), "model.continuing_subword_prefix")
        model.longestWord = try integer(section["max_input_chars_per_word"] ?? .number(100), "model.max_input_chars_per_word")
        guard case .object(let entries)? = section["vocab"] else { throw malformed("model.vocab is missing") }
        for (token, value) in entries {
            let id = Int32(exactly: try integer(value, "model.vocab")) ?? -1
            do {
                try model.vocabulary.addPiece(token, id: id, continuationPrefix: Array(prefix.utf8))
            } catch {
                throw malformed("model.vocab: \"\(token)\": \(error.reason)")
            }
        }
        let unknown = try string(section["unk_token"] ?? .string("[UNK]"), "model.unk_token")
        guard let id = model.vocabulary.id(of: unknown) else {
            throw malformed("model.vocab lacks the unknown token \"\(unknown)\"")
        }
        model.unknownID = id
    }

    private func readAddedTokens(into model: inout TokenizerModel) throws(WordPieceError) {
        guard let section = root["added_tokens"], !section.isNull else { return }
        guard case .array(let entries) = section else { throw malformed("added_tokens is not a list") }
        for entry in entries {
            let content = try string(entry["content"] ?? .null, "added_tokens.content")
            let name = "added_tokens: \"\(content)\": "
            if try boolean(entry["single_word"], "\(name)single_word") { throw unsupported("\(name)single_word", .boolean(true)) }
            // Blanks beside a token are dropped by the pre-tokeniser anyway, so lstrip and rstrip change nothing.
            let id = Int32(exactly: try integer(entry["id"] ?? .null, "\(name)id")) ?? -1
            let token = TokenizerModel.AddedToken(
                content: content, id: id, isNormalized: try boolean(entry["normalized"], "\(name)normalized"))
            do throws(Vocabulary.Refusal) {
                try model.add(token)
            } catch {
                throw malformed("\(name)\(error.reason)")
            }
        }
    }

    private func readNormalizer(into model: inout TokenizerModel) throws(WordPieceError) {
        guard let section = root["normalizer"], !section.isNull else {
            model.options = .none
            return
        }
        let type = section["type"] ?? .null
        guard try string(type, "normalizer.type") == "BertNormalizer" else { throw unsupported("normalizer.type", type) }
        try onlyKeys(section, "normalizer.", ["type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"])
        model.options.cleansText = try boolean(section["clean_text"], "normalizer.clean_text", default: true)
        model.options.splitsIdeographs = try boolean(
            section["handle_chinese_chars"], "normalizer.handle_chinese_chars", default: true)
        model.options.lowercases = try boolean(section["lowercase"], "normalizer.lowercase", default: true)
        if let strips = section["strip_accents"], !strips.isNull {
            model.options.stripsAccents = try boolean(strips, "normalizer.strip_accents")
        }
    }

    private func readPreTokenizer() throws(WordPieceError) {
        let section = root["pre_tokenizer"] ?? .null
        guard case .object = section else { throw unsupported("pre_tokenizer", section) }
        let type = section["type"] ?? .null
        guard try string(type, "pre_tokenizer.type") == "BertPreTokenizer" else { throw unsupported("pre_tokenizer.type", type) }
    }

    private func readPostProcessor(into model: inout TokenizerModel) throws(WordPieceError) {
        guard let section = root["post_processor"], !section.isNull else { return }
        let type = section["type"] ?? .null
        switch try string(type, "post_processor.type") {
        case "TemplateProcessing": try readTemplate(section, into: &model)
        case "BertProcessing":
            model.prefix = [try tokenPair(section["cls"], "post_processor.cls", model)]
            model.suffix = [try tokenPair(section["sep"], "post_processor.sep", model)]
        default: throw unsupported("post_processor.type", type)
        }
    }

    private func readTemplate(_ section: JSONValue, into model: inout TokenizerModel) throws(WordPieceError) {
        guard case .array(let parts)? = section["single"] else { throw malformed("post_processor.single is not a list") }
        var sequences = 0
        for part in parts {
            guard let body = part["SpecialToken"] ?? part["Sequence"] else {
                throw unsupported("post_processor.single", part)
            }
            if let type = body["type_id"], try integer(type, "post_processor.single.type_id") != 0 {
                throw unsupported("post_processor.single.type_id", type)
            }
            if part["Sequence"] != nil {
                sequences += 1
                continue
            }
            let name = try string(body["id"] ?? .null, "post_processor.single.SpecialToken.id")
            guard case .array(let ids)? = section["special_tokens"]?[name]?["ids"] else {
                throw malformed("post_processor.special_tokens lacks \"\(name)\"")
            }
            for value in ids {
                let id = try knownID(value, "post_processor.special_tokens: \"\(name)\"", model)
                if sequences == 0 { model.prefix.append(id) } else { model.suffix.append(id) }
            }
        }
        guard sequences == 1 else { throw malformed("post_processor.single must have the text exactly once") }
    }

    // MARK: - Values

    private func tokenPair(_ value: JSONValue?, _ key: String, _ model: TokenizerModel) throws(WordPieceError) -> Int32 {
        guard case .array(let pair)? = value, pair.count == 2 else { throw malformed("\(key) is not a token and its id") }
        return try knownID(pair[1], key, model)
    }

    private func knownID(_ value: JSONValue, _ key: String, _ model: TokenizerModel) throws(WordPieceError) -> Int32 {
        let id = try integer(value, key)
        guard model.vocabulary.tokens.indices.contains(id), model.vocabulary.tokens[id] != nil else {
            throw malformed("\(key): no token has the id \(id)")
        }
        return Int32(id)
    }

    private func string(_ value: JSONValue, _ key: String) throws(WordPieceError) -> String {
        guard case .string(let text) = value else { throw malformed("\(key) is not a string") }
        return text
    }

    private func integer(_ value: JSONValue, _ key: String) throws(WordPieceError) -> Int {
        guard case .number(let number) = value, let exact = Int(exactly: number), exact >= 0 else {
            throw malformed("\(key) is not a whole number from 0 up")
        }
        return exact
    }

    private func boolean(_ value: JSONValue?, _ key: String, default standard: Bool = false) throws(WordPieceError) -> Bool {
        guard let value else { return standard }
        guard case .boolean(let truth) = value else { throw malformed("\(key) is neither true nor false") }
        return truth
    }

    private func onlyKeys(_ value: JSONValue, _ prefix: String, _ known: [String]) throws(WordPieceError) {
        guard case .object(let members) = value else { return }
        for (key, value) in members where !known.contains(key) { throw unsupported(prefix + key, value) }
    }

    private func malformed(_ reason: String) -> WordPieceError { .malformed(file: path, reason: reason) }

    private func unsupported(_ key: String, _ value: JSONValue) -> WordPieceError {
        .unsupported(file: path, feature: "\(key): \(value.summary)")
    }
}
