/// Looks up values in a JSON document in one pass over its bytes, without building the document.
///
/// The whole document is checked against RFC 8259, and only what a pointer asks for is decoded. Where a name occurs twice
/// in an object, the later one counts. A lone surrogate in an escape becomes U+FFFD.
public struct JSONLookup: Sendable {
    /// What stands at a pointer.
    public enum Finding: Sendable, Equatable {
        case missing
        case scalar(JSONScalar)
        /// An object or an array.
        case container
    }

    private struct Node: Sendable {
        var children: [String: Int] = [:]
        /// Index of the pointer that ends here.
        var pointer: Int?
    }

    /// A tree of the tokens of all pointers; the root is node 0.
    private var nodes = [Node()]
    public private(set) var pointers: [JSONPointer] = []

    public init() {}

    /// Adds a pointer and returns its index in the findings; the same pointer again has the same index.
    public mutating func add(_ pointer: JSONPointer) -> Int {
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

    /// - Parameter bytes: valid UTF-8, with or without a byte order mark.
    /// - Returns: what stands at each pointer, or `nil` if the bytes are not JSON.
    public func findings(in bytes: UnsafeBufferPointer<UInt8>) -> [Finding]? {
        let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
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

    /// Reads the value that belongs to a node of the tree.
    private func visit(
        _ node: Int, _ scanner: inout JSONScanner, _ findings: inout [Finding]
    ) throws(JSONSyntaxError) {
        switch scanner.next() {
        case "{":
            record(.container, at: node, &findings)
            try scanner.object { (key, scanner) throws(JSONSyntaxError) in
                try visitChild(nodes[node].children[key], &scanner, &findings)
            }
        case "[":
            record(.container, at: node, &findings)
            var index = 0
            try scanner.array { (scanner) throws(JSONSyntaxError) in
                try visitChild(nodes[node].children["\(index)"], &scanner, &findings)
                index += 1
            }
        default:
            if nodes[node].pointer == nil { return try scanner.skipValue() }
            record(.scalar(try scanner.scalar()), at: node, &findings)
        }
    }

    private func visitChild(
        _ child: Int?, _ scanner: inout JSONScanner, _ findings: inout [Finding]
    ) throws(JSONSyntaxError) {
        guard let child else { return try scanner.skipValue() }
        forget(child, &findings)
        // Nobody asks for anything inside.
        if nodes[child].children.isEmpty, let next = scanner.next(), next == "{" || next == "[" {
            record(.container, at: child, &findings)
            return try scanner.skipValue()
        }
        try visit(child, &scanner, &findings)
    }

    private func record(_ finding: Finding, at node: Int, _ findings: inout [Finding]) {
        if let pointer = nodes[node].pointer { findings[pointer] = finding }
    }

    /// Forgets what an earlier member of the same name left behind.
    private func forget(_ node: Int, _ findings: inout [Finding]) {
        record(.missing, at: node, &findings)
        for child in nodes[node].children.values { forget(child, &findings) }
    }
}
