/// The tokens of a WordPiece model: ids in both directions and the trie that splits words.
struct Vocabulary: Sendable {
    /// Tokens by id; nil for unused ids.
    private(set) var tokens: [String?] = []
    private(set) var trie = PieceTrie()
    private(set) var pieceCount = 0
    /// The ids of tokens that are not in the trie: added ones and an empty one. By bytes, because Swift's strings are
    /// equal if they are canonically equivalent, but tokens are not.
    private var others: [[UInt8]: Int32] = [:]

    /// Why a token cannot be added.
    enum Refusal: Error, Equatable {
        case duplicateToken, duplicateID, outOfRange, tooManyTokens, notNext

        var reason: String {
            switch self {
            case .duplicateToken: "the token occurs twice"
            case .duplicateID: "its id belongs to another token"
            case .outOfRange: "its id is out of range"
            case .notNext: "its id does not follow those before it"
            case .tooManyTokens: "the vocabulary is too large"
            }
        }
    }

    /// Higher ids are refused, so that a damaged file does not exhaust memory.
    static let highestID: Int32 = 1 << 22

    func id(of token: String) -> Int32? {
        trie.id(of: token.utf8, root: PieceTrie.wordRoot) ?? others[Array(token.utf8)]
    }

    /// Adds a piece of words: at their beginning and, if it has `continuationPrefix`, without the prefix in their rest.
    mutating func addPiece(_ token: String, id: Int32, continuationPrefix: [UInt8]) throws(Refusal) {
        guard !token.isEmpty else {
            try addToken(token, id: id)
            pieceCount += 1
            return
        }
        guard trie.id(of: token.utf8, root: PieceTrie.wordRoot) == nil else { throw .duplicateToken }
        try number(token, id: id)
        pieceCount += 1
        var fits = trie.insert(token.utf8, root: PieceTrie.wordRoot, id: id)
        if token.utf8.count > continuationPrefix.count, token.utf8.starts(with: continuationPrefix) {
            let rest = token.utf8.dropFirst(continuationPrefix.count)
            fits = fits && trie.insert(rest, root: PieceTrie.continuationRoot, id: id)
        }
        guard fits else { throw .tooManyTokens }
    }

    /// Adds a token that is not a piece of words.
    mutating func addToken(_ token: String, id: Int32) throws(Refusal) {
        guard self.id(of: token) == nil else { throw .duplicateToken }
        try number(token, id: id)
        others[Array(token.utf8)] = id
    }

    /// Stores the token under its id.
    private mutating func number(_ token: String, id: Int32) throws(Refusal) {
        guard 0...Self.highestID ~= id else { throw .outOfRange }
        if Int(id) >= tokens.count { tokens += [String?](repeating: nil, count: Int(id) + 1 - tokens.count) }
        guard tokens[Int(id)] == nil else { throw .duplicateID }
        tokens[Int(id)] = token
    }
}
