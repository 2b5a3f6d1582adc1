/// The tokens of a WordPiece model: ids both ways, and the trie that cuts words.
struct Vocabulary: Sendable {
    /// Token by id; nil in gaps.
    private(set) var tokens: [String?] = []
    private(set) var trie = PieceTrie()
    private(set) var pieceCount = 0
    /// Tokens that the trie does not hold: added ones, and an empty one. By bytes, as in the trie: Swift's `String` equates what
    /// Unicode calls canonically equivalent, a vocabulary does not.
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

    /// Ids above this are refused, so that a damaged file does not claim the machine's memory.
    static let highestID: Int32 = 1 << 22

    func id(of token: String) -> Int32? {
        trie.id(of: token.utf8, root: PieceTrie.wordRoot) ?? others[Array(token.utf8)]
    }

    /// Adds a piece of the model, found in words with and, after `continuationPrefix`, without the prefix.
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

    /// Adds a token that words are not cut into.
    mutating func addToken(_ token: String, id: Int32) throws(Refusal) {
        guard self.id(of: token) == nil else { throw .duplicateToken }
        try number(token, id: id)
        others[Array(token.utf8)] = id
    }

    /// Gives the token its place by id.
    private mutating func number(_ token: String, id: Int32) throws(Refusal) {
        guard 0...Self.highestID ~= id else { throw .outOfRange }
        if Int(id) >= tokens.count { tokens += [String?](repeating: nil, count: Int(id) + 1 - tokens.count) }
        guard tokens[Int(id)] == nil else { throw .duplicateID }
        tokens[Int(id)] = token
    }
}
