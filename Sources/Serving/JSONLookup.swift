/// Looks up values in a JSON document in one pass over its bytes, without building the document.
///
/// The whole document is checked against RFC 8259, and only what a pointer asks for is decoded. Where a name occurs twice in
/// an object the later one counts. A lone surrogate in an escape becomes U+FFFD.
struct JSONLookup: Sendable {
    /// What stands at a pointer.
    enum Finding: Sendable, Equatable {
        case missing
        case scalar(JSONScalar)
        /// An object or an array.
        case container
    }

    struct Node: Sendable {
        var children: [String: Int] = [:]
        /// Index of the pointer that ends here.
        var pointer: Int?
    }

    /// A tree of the tokens of all pointers; the root is node 0.
    private(set) var nodes = [Node()]
    private(set) var pointers: [JSONPointer] = []

    /// Adds a pointer and returns its index in the findings; the same pointer again has the same index.
    mutating func add(_ pointer: JSONPointer) -> Int {
        var node = 0
        for token in pointer.tokens {
            if let child = nodes[node].children[token] {
                node = child
            } else {
                nodes[node].children[token] = nodes.count
                node = nodes.count
                nodes.append(Node())
            }
        }
        if let index = nodes[node].pointer { return index }
        nodes[node].pointer = pointers.count
        pointers.append(pointer)
        return pointers.count - 1
    }

    /// - Parameter bytes: valid UTF-8.
    /// - Returns: what stands at each pointer, or `nil` if the bytes are not JSON.
    func findings(in bytes: UnsafeBufferPointer<UInt8>) -> [Finding]? {
        var scanner = JSONScanner(bytes: bytes, lookup: self)
        return scanner.scanDocument() ? scanner.findings : nil
    }
}
