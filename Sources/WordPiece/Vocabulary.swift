/// The tokens of a WordPiece model: ids both ways, and the trie that cuts words.
struct Vocabulary: Sendable {
    /// Token by id; nil in gaps.
    private(set) var tokens: [String?] = []
    private(set) var trie = PieceTrie()
    private(set) var pieceCount = 0
    /// By bytes: Swift's `String` equates what Unicode calls canonically equivalent, a vocabulary does not.
    private var ids: [[UInt8]: Int32] = [:]

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

    func id(of token: String) -> Int32? { ids[Array(token.utf8)] }

    /// Adds a piece of the model, found in words with and, after `continuationPrefix`, without the prefix.
    mutating func addPiece(_ token: String, id: Int32, continuationPrefix: [UInt8]) throws(Refusal) {
        try addToken(token, id: id)
        pieceCount += 1
        let bytes = Array(token.utf8)
        guard !bytes.isEmpty else { return }
        var fits = trie.insert(bytes, root: PieceTrie.wordRoot, id: id)
        if bytes.count > continuationPrefix.count, bytes.starts(with: continuationPrefix) {
            let rest = bytes[continuationPrefix.count...]
            fits = fits && trie.insert(rest, root: PieceTrie.continuationRoot, id: id)
        }
        guard fits else { throw .tooManyTokens }
    }

    /// Adds a token that words are not cut into.
    mutating func addToken(_ token: String, id: Int32) throws(Refusal) {
        guard 0...Self.highestID ~= id else { throw .outOfRange }
        guard ids.updateValue(id, forKey: Array(token.utf8)) == nil else { throw .duplicateToken }
        if Int(id) >= tokens.count { tokens += [String?](repeating: nil, count: Int(id) + 1 - tokens.count) }
        guard tokens[Int(id)] == nil else { throw .duplicateID }
        tokens[Int(id)] = token
    }
}
