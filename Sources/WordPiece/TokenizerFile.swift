import JSON

/// Reads `tokenizer.json`, the whole tokenizer as Hugging Face's `tokenizers` writes it.
///
/// Whatever the file requires is either done or refused by name, so that no text silently gets other ids.
struct TokenizerFile {
    private let path: String
    private let root: JSONValue
    private let isRebuilt: Bool

    /// - Parameter isRebuilt: whether the tokenizer's class is one of BERT's. For these, transformers 4 uses every
    ///   section, transformers 5 only the vocabulary and the added tokens. Whatever makes a difference is refused.
    static func model(_ file: FileBytes, isRebuilt: Bool = false) throws(WordPieceError) -> TokenizerModel {
        let parser = TokenizerFile(path: file.path, root: try parse(file), isRebuilt: isRebuilt)
        return try parser.model()
    }

    static func parse(_ file: FileBytes) throws(WordPieceError) -> JSONValue {
        do throws(JSONSyntaxError) {
            let value = try JSONParser.parse(file.bytes)
            guard case .object = value else { throw JSONSyntaxError(reason: "expected an object", line: 1) }
            return value
        } catch {
            throw .malformed(file: file.path, reason: "not JSON: \(error)")
        }
    }

    private func model() throws(WordPieceError) -> TokenizerModel {
        try onlyKeys(
            root, "",
            [
                "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
                "decoder", "model",
            ])
        if let version = root["version"], try string(version, "version") != "1.0" {
            throw unsupported("version", version)
        }
        var model = TokenizerModel(file: path)
        try readTruncation()
        try readPadding()
        try readPieces(into: &model)
        try readAddedTokens(into: &model)
        try readNormalizer(into: &model)
        try readPreTokenizer()
        try readPostProcessor(into: &model)
        return model
    }

    // MARK: - Sections

    /// The length is left to the caller, as in transformers. Only the side on which a text is cut matters.
    private func readTruncation() throws(WordPieceError) {
        guard let section = try section("truncation", ["direction", "max_length", "strategy", "stride"]) else { return }
        guard let direction = section["direction"] else { return }
        guard try string(direction, "truncation.direction") == "Right" else {
            throw unsupported("truncation.direction", direction)
        }
    }

    /// Texts are never padded, so this section changes no ids of a text.
    private func readPadding() throws(WordPieceError) {
        _ = try section(
            "padding", ["strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token"])
    }

    /// An object under the root that has only these keys; nil if it is missing or null.
    private func section(_ name: String, _ known: [String]) throws(WordPieceError) -> JSONValue? {
        guard let section = root[name], !section.isNull else { return nil }
        guard case .object = section else { throw malformed("\(name) is neither an object nor null") }
        try onlyKeys(section, name + ".", known)
        return section
    }

    private func readPieces(into model: inout TokenizerModel) throws(WordPieceError) {
        guard let section = root["model"], case .object = section else { throw malformed("model is missing") }
        let type = section["type"] ?? .string("WordPiece")
        guard try string(type, "model.type") == "WordPiece" else { throw unsupported("model.type", type) }
        try onlyKeys(
            section, "model.", ["type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"])
        let prefix = try string(
            section["continuing_subword_prefix"] ?? .string("##"), "model.continuing_subword_prefix")
        model.longestWord = try integer(
            section["max_input_chars_per_word"] ?? .number(100), "model.max_input_chars_per_word")
        try requireStandard(prefix == "##", "model.continuing_subword_prefix", .string(prefix))
        try requireStandard(
            model.longestWord == 100, "model.max_input_chars_per_word", .number(Double(model.longestWord)))
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
        for entry in entries { try readAddedToken(entry, into: &model) }
        try refuseStrippingOfBlanks(entries)
    }

    private func readAddedToken(_ entry: JSONValue, into model: inout TokenizerModel) throws(WordPieceError) {
        let content = try string(entry["content"] ?? .null, "added_tokens.content")
        let name = "added_tokens: \"\(content)\": "
        try onlyKeys(entry, name, ["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
        if try boolean(entry["single_word"], "\(name)single_word") {
            throw unsupported("\(name)single_word", .boolean(true))
        }
        let id = Int32(exactly: try integer(entry["id"] ?? .null, "\(name)id")) ?? -1
        let token = TokenizerModel.AddedToken(
            content: content, id: id, isNormalized: try boolean(entry["normalized"], "\(name)normalized"),
            isSpecial: try boolean(entry["special"], "\(name)special"))
        do throws(Vocabulary.Refusal) {
            try model.add(token)
        } catch {
            throw malformed("\(name)\(error.reason)")
        }
    }

    /// `lstrip` and `rstrip` change nothing, because the pre-tokenizer drops white space beside a token anyway, unless
    /// that white space is part of another token, which is then no longer found.
    private func refuseStrippingOfBlanks(_ entries: [JSONValue]) throws(WordPieceError) {
        func hasOuterBlank(_ entry: JSONValue) -> Bool {
            guard case .string(let content)? = entry["content"] else { return false }
            let ends = [content.unicodeScalars.first, content.unicodeScalars.last]
            return ends.contains { $0?.properties.isWhitespace ?? false }
        }
        let blanksMatter = entries.contains(where: hasOuterBlank)
        for entry in entries {
            for key in ["lstrip", "rstrip"] {
                let strips = try boolean(entry[key], "added_tokens.\(key)")
                if strips, blanksMatter {
                    throw unsupported(
                        "added_tokens.\(key), beside a token that begins or ends with a blank", .boolean(true))
                }
            }
        }
    }

    private func readNormalizer(into model: inout TokenizerModel) throws(WordPieceError) {
        guard let section = root["normalizer"], !section.isNull else {
            try requireStandard(false, "normalizer", .null)
            model.options = .none
            return
        }
        let type = section["type"] ?? .null
        guard try string(type, "normalizer.type") == "BertNormalizer" else {
            throw unsupported("normalizer.type", type)
        }
        try onlyKeys(
            section, "normalizer.", ["type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"])
        model.options.cleansText = try boolean(section["clean_text"], "normalizer.clean_text", default: true)
        try requireStandard(model.options.cleansText, "normalizer.clean_text", .boolean(false))
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
        guard try string(type, "pre_tokenizer.type") == "BertPreTokenizer" else {
            throw unsupported("pre_tokenizer.type", type)
        }
        try onlyKeys(section, "pre_tokenizer.", ["type"])
    }

    private func readPostProcessor(into model: inout TokenizerModel) throws(WordPieceError) {
        guard let section = root["post_processor"], !section.isNull else { return }
        let type = section["type"] ?? .null
        switch try string(type, "post_processor.type") {
        case "TemplateProcessing": try readTemplate(section, into: &model)
        case "BertProcessing":
            try onlyKeys(section, "post_processor.", ["type", "sep", "cls"])
            model.prefix = [try tokenPair(section["cls"], "post_processor.cls", model)]
            model.suffix = [try tokenPair(section["sep"], "post_processor.sep", model)]
        default: throw unsupported("post_processor.type", type)
        }
    }

    private func readTemplate(_ section: JSONValue, into model: inout TokenizerModel) throws(WordPieceError) {
        try onlyKeys(section, "post_processor.", ["type", "single", "pair", "special_tokens"])
        guard case .array(let parts)? = section["single"] else {
            throw malformed("post_processor.single is not a list")
        }
        var sequences = 0
        for part in parts {
            guard case .object(let members) = part, members.count == 1, case (let kind, let body) = members[0],
                kind == "SpecialToken" || kind == "Sequence"
            else { throw unsupported("post_processor.single", part) }
            let name = "post_processor.single.\(kind)"
            try onlyKeys(body, name + ".", ["id", "type_id"])
            if let type = body["type_id"], try integer(type, name + ".type_id") != 0 {
                throw unsupported(name + ".type_id", type)
            }
            let id = try string(body["id"] ?? .null, name + ".id")
            if kind == "Sequence" {
                guard id == "A" else { throw unsupported(name + ".id", .string(id)) }
                sequences += 1
                continue
            }
            let ids = try specialIDs(of: id, section, model)
            if sequences == 0 { model.prefix += ids } else { model.suffix += ids }
        }
        guard sequences == 1 else { throw malformed("post_processor.single must have the text exactly once") }
    }

    private func specialIDs(of name: String, _ section: JSONValue, _ model: TokenizerModel) throws(WordPieceError)
        -> [Int32]
    {
        guard case .array(let values)? = section["special_tokens"]?[name]?["ids"] else {
            throw malformed("post_processor.special_tokens lacks \"\(name)\"")
        }
        var ids: [Int32] = []
        for value in values { ids.append(try knownID(value, "post_processor.special_tokens: \"\(name)\"", model)) }
        return ids
    }

    // MARK: - Values

    private func tokenPair(_ value: JSONValue?, _ key: String, _ model: TokenizerModel) throws(WordPieceError) -> Int32
    {
        guard case .array(let pair)? = value, pair.count == 2 else {
            throw malformed("\(key) is not a token and its id")
        }
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
            throw malformed("\(key) is not a non-negative integer")
        }
        return exact
    }

    private func boolean(_ value: JSONValue?, _ key: String, default standard: Bool = false) throws(WordPieceError)
        -> Bool
    {
        guard let value else { return standard }
        guard case .boolean(let truth) = value else { throw malformed("\(key) is neither true nor false") }
        return truth
    }

    private func onlyKeys(_ value: JSONValue, _ prefix: String, _ known: [String]) throws(WordPieceError) {
        guard case .object(let members) = value else { return }
        var seen: [String] = []
        for (key, value) in members {
            guard known.contains(key) else { throw unsupported(prefix + key, value) }
            guard !seen.contains(key) else { throw malformed("\(prefix)\(key) occurs twice") }
            seen.append(key)
        }
    }

    /// Refuses what one of BERT's classes has in transformers 4, but not in transformers 5.
    private func requireStandard(_ isStandard: Bool, _ key: String, _ value: JSONValue) throws(WordPieceError) {
        guard isRebuilt, !isStandard else { return }
        throw .unsupported(
            file: path, feature: "\(key): \(value.summary), with a tokenizer_class other than PreTrainedTokenizerFast,")
    }

    private func malformed(_ reason: String) -> WordPieceError { .malformed(file: path, reason: reason) }

    private func unsupported(_ key: String, _ value: JSONValue) -> WordPieceError {
        .unsupported(file: path, feature: "\(key): \(value.summary)")
    }
}
