/// Finds the values at some pointers in one pass over a JSON document, without parsing it into values.
///
/// The pass checks the whole document against RFC 8259 and decodes only the values asked for. If an object has a key
/// twice, the last one counts. A lone surrogate in an escape becomes U+FFFD.
public struct JSONLookup: Sendable {
    /// The value at a pointer.
    public enum Finding: Sendable, Equatable {
        /// The document has nothing there.
        case missing
        /// A string, number, boolean or null.
        case scalar(JSONScalar)
        /// An object or an array.
        case container
    }

    /// A place in the document that a pointer leads to or through.
    private struct Node: Sendable {
        /// The keys that lead on from here, in UTF-8, and beside each the node that it leads to.
        var keys: [[UInt8]] = []
        var children: [Int] = []
        /// The same for those keys that are an index into an array.
        var elements: [Int: Int] = [:]
        /// The index of the pointer that ends here.
        var pointer: Int?
    }

    /// A tree of the tokens of all pointers. Node 0 is the root.
    private var nodes = [Node()]
    /// The pointers in the order of the findings.
    public private(set) var pointers: [JSONPointer] = []

    /// A lookup without pointers.
    public init() {}

    /// Adds a pointer and returns the index of its finding. Adding a pointer again returns the same index.
    public mutating func add(_ pointer: JSONPointer) -> Int {
        var node = 0
        for token in pointer.tokens { node = child(Array(token.utf8), of: node) }
        if let index = nodes[node].pointer { return index }
        nodes[node].pointer = pointers.count
        pointers.append(pointer)
        return pointers.count - 1
    }

    /// The node that the key leads to, added if it is new.
    private mutating func child(_ key: [UInt8], of node: Int) -> Int {
        if let known = nodes[node].keys.firstIndex(of: key) { return nodes[node].children[known] }
        let child = nodes.count
        nodes[node].keys.append(key)
        nodes[node].children.append(child)
        // RFC 6901 allows no leading zeros and no sign.
        if let index = Int(String(decoding: key, as: UTF8.self)), Array("\(index)".utf8) == key, index >= 0 {
            nodes[node].elements[index] = child
        }
        nodes.append(Node())
        return child
    }

    /// The findings of all pointers in a document; nil if it is not valid JSON.
    ///
    /// - Parameter bytes: valid UTF-8, with or without a byte order mark.
    public func findings(in bytes: UnsafeBufferPointer<UInt8>) -> [Finding]? {
        let mark = bytes.count >= 3 && (bytes[0], bytes[1], bytes[2]) == (0xEF, 0xBB, 0xBF) ? 3 : 0
        let document = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[mark...])
        var scanner = JSONScanner(document, replacesLoneSurrogates: true)
        var findings = [Finding](repeating: .missing, count: pointers.count)
        do throws(JSONSyntaxError) {
            try visit(0, &scanner, &findings)
            try scanner.end()
            return findings
        } catch {
            return nil
        }
    }

    /// Reads the value at a node.
    private func visit(
        _ node: Int, _ scanner: inout JSONScanner, _ findings: inout [Finding]
    ) throws(JSONSyntaxError) {
        switch scanner.next() {
        case "{":
            record(.container, at: node, &findings)
            guard !nodes[node].keys.isEmpty else { return try scanner.skipValue() }
            try scanner.object(among: nodes[node].keys) { (index, scanner) throws(JSONSyntaxError) in
                try visitChild(index.map { nodes[node].children[$0] }, &scanner, &findings)
            }
        case "[":
            record(.container, at: node, &findings)
            guard !nodes[node].elements.isEmpty else { return try scanner.skipValue() }
            var index = 0
            try scanner.array { (scanner) throws(JSONSyntaxError) in
                try visitChild(nodes[node].elements[index], &scanner, &findings)
                index += 1
            }
        default:
            guard nodes[node].pointer != nil else { return try scanner.skipValue() }
            record(.scalar(try scanner.scalar()), at: node, &findings)
        }
    }

    private func visitChild(
        _ child: Int?, _ scanner: inout JSONScanner, _ findings: inout [Finding]
    ) throws(JSONSyntaxError) {
        guard let child else { return try scanner.skipValue() }
        forget(child, &findings)
        try visit(child, &scanner, &findings)
    }

    private func record(_ finding: Finding, at node: Int, _ findings: inout [Finding]) {
        if let pointer = nodes[node].pointer { findings[pointer] = finding }
    }

    /// Forgets what an earlier member with the same key left behind.
    private func forget(_ node: Int, _ findings: inout [Finding]) {
        record(.missing, at: node, &findings)
        for child in nodes[node].children { forget(child, &findings) }
    }
}
