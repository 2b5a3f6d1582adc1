/// The pieces of a vocabulary as a trie over their UTF-8 bytes, with one root for words and one for continuations.
///
/// Edges live in one open-addressing table keyed by node and byte: built in one pass over the vocabulary, and a step
/// is one multiplication and, nearly always, one load.
struct PieceTrie: Sendable {
    private struct Edge {
        /// Node in the upper 24 bits, byte in the lower 8.
        var key: UInt32
        /// 0: no edge here.
        var child: UInt32
    }

    /// A word starts here.
    static let wordRoot: UInt32 = 0
    /// The rest of a word starts here.
    static let continuationRoot: UInt32 = 1
    static let maximumNodes = 1 << 24

    private var edges = [Edge](repeating: Edge(key: 0, child: 0), count: 1 << 12)
    private var shift: UInt32 = 32 - 12
    /// The id of the piece that ends at a node; -1: none.
    private var ids: [Int32] = [-1, -1]

    /// Adds a piece; false if the trie would get more than `maximumNodes` nodes.
    mutating func insert(_ piece: some Sequence<UInt8>, root: UInt32, id: Int32) -> Bool {
        var node = root
        for byte in piece {
            let key = node << 8 | UInt32(byte)
            var slot = firstSlot(key)
            while edges[slot].child != 0, edges[slot].key != key { slot = (slot + 1) & (edges.count - 1) }
            if edges[slot].child == 0 {
                guard ids.count < Self.maximumNodes else { return false }
                edges[slot] = Edge(key: key, child: UInt32(ids.count))
                ids.append(-1)
                node = UInt32(ids.count - 1)
                if ids.count * 2 > edges.count { grow() }
            } else {
                node = edges[slot].child
            }
        }
        ids[Int(node)] = id
        return true
    }

    /// The id of the piece with exactly these bytes; nil if there is none.
    func id(of piece: some Sequence<UInt8>, root: UInt32) -> Int32? {
        var node = root
        for byte in piece {
            let key = node << 8 | UInt32(byte)
            var slot = firstSlot(key)
            while edges[slot].child != 0, edges[slot].key != key { slot = (slot + 1) & (edges.count - 1) }
            guard edges[slot].child != 0 else { return nil }
            node = edges[slot].child
        }
        return ids[Int(node)] >= 0 ? ids[Int(node)] : nil
    }

    private mutating func grow() {
        let old = edges
        edges = [Edge](repeating: Edge(key: 0, child: 0), count: old.count * 2)
        shift -= 1
        for edge in old where edge.child != 0 {
            var slot = firstSlot(edge.key)
            while edges[slot].child != 0 { slot = (slot + 1) & (edges.count - 1) }
            edges[slot] = edge
        }
    }

    @inline(__always)
    private func firstSlot(_ key: UInt32) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B1) >> shift) }

    /// Cuts a word into the longest pieces from the left and appends their ids; false, and nothing appended, if some rest has no piece.
    @inline(__always)
    func appendPieces(of word: UnsafeBufferPointer<UInt8>, to output: inout [Int32]) -> Bool {
        let before = output.count
        var first = 0
        var root = Self.wordRoot
        return edges.withUnsafeBufferPointer { edges in
            ids.withUnsafeBufferPointer { ids in
                let mask = edges.count - 1
                while first < word.count {
                    var node = root
                    var best: Int32 = -1
                    var end = first
                    var position = first
                    walk: while position < word.count {
                        let key = node << 8 | UInt32(word[position])
                        var slot = firstSlot(key)
                        while edges[slot].key != key || edges[slot].child == 0 {
                            if edges[slot].child == 0 { break walk }
                            slot = (slot + 1) & mask
                        }
                        node = edges[slot].child
                        position += 1
                        let id = ids[Int(node)]
                        if id >= 0 { (best, end) = (id, position) }
                    }
                    guard best >= 0 else {
                        output.removeLast(output.count - before)
                        return false
                    }
                    output.append(best)
                    first = end
                    root = Self.continuationRoot
                }
                return true
            }
        }
    }
}
