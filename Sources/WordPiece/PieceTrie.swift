/// The pieces of a vocabulary in a trie over their UTF-8 bytes, with one root for words and one for continuations.
///
/// All edges are in one open-addressing hash table, keyed by node and byte. A step takes one multiplication and nearly
/// always one load.
struct PieceTrie: Sendable {
    private struct Edge {
        /// The node in the upper 24 bits, the byte in the lower 8.
        var key: UInt32
        /// 0 if the slot is empty.
        var child: UInt32
    }

    /// The root for the beginning of a word.
    static let wordRoot: UInt32 = 0
    /// The root for the rest of a word.
    static let continuationRoot: UInt32 = 1
    static let maximumNodes = 1 << 24

    private var edges = [Edge](repeating: Edge(key: 0, child: 0), count: 1 << 12)
    private var shift: UInt32 = 32 - 12
    /// The id of the piece that ends at a node; -1 if none does.
    private var ids: [Int32] = [-1, -1]

    /// Adds a piece. Returns false if the trie would exceed `maximumNodes`.
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

    /// Splits a word into the longest pieces from the left and appends their ids. If a rest has no piece, appends
    /// nothing and returns false.
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
