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
        /// A number, at a pointer that was added with `keepsDigits`, and how the document writes it: a `Double` is not
        /// exact beyond 53 bits.
        case number(Double, digits: String)
        /// An array of strings, at a pointer that was added with `joinsArrays`. Nulls among them are left out.
        case strings([String])
        /// An object or another array.
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
        /// Whether an array of strings here is a finding of its own.
        var joinsArrays = false
        /// Whether a number here is found with its digits.
        var keepsDigits = false
    }

    /// A tree of the tokens of all pointers. Node 0 is the root.
    private var nodes = [Node()]
    /// The pointers in the order of the findings.
    public private(set) var pointers: [JSONPointer] = []

    /// A lookup without pointers.
    public init() {}

    /// Adds a pointer and returns the index of its finding. Adding a pointer again returns the same index.
    ///
    /// - Parameters:
    ///   - joinsArrays: whether an array of strings is found as ``Finding/strings(_:)``.
    ///   - keepsDigits: whether a number is found as ``Finding/number(_:digits:)``.
    public mutating func add(_ pointer: JSONPointer, joinsArrays: Bool = false, keepsDigits: Bool = false) -> Int {
        var node = 0
        for token in pointer.tokens { node = child(Array(token.utf8), of: node) }
        if joinsArrays { nodes[node].joinsArrays = true }
        if keepsDigits { nodes[node].keepsDigits = true }
        if let index = nodes[node].pointer { return index }
        nodes[node].pointer = pointers.count
        pointers.append(pointer)
        return pointers.count - 1
    }

    /// Whether the pointer was added with `joinsArrays`.
    func joinsArrays(at pointer: Int) -> Bool { nodes.contains { $0.pointer == pointer && $0.joinsArrays } }

    /// Whether the pointer was added with `keepsDigits`.
    func keepsDigits(at pointer: Int) -> Bool { nodes.contains { $0.pointer == pointer && $0.keepsDigits } }

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
            guard !nodes[node].elements.isEmpty || nodes[node].joinsArrays else { return try scanner.skipValue() }
            try visitElements(of: node, &scanner, &findings)
        default:
            guard nodes[node].pointer != nil else { return try scanner.skipValue() }
            record(try scalar(&scanner, keepsDigits: nodes[node].keepsDigits), at: node, &findings)
        }
    }

    private func scalar(_ scanner: inout JSONScanner, keepsDigits: Bool) throws(JSONSyntaxError) -> Finding {
        let first = scanner.position
        let scalar = try scanner.scalar()
        guard keepsDigits, case .number(let number) = scalar else { return .scalar(scalar) }
        return .number(number, digits: scanner.text(from: first))
    }

    private func visitElements(
        of node: Int, _ scanner: inout JSONScanner, _ findings: inout [Finding]
    ) throws(JSONSyntaxError) {
        var strings: [String]? = nodes[node].joinsArrays ? [] : nil
        var index = 0
        try scanner.array { (scanner) throws(JSONSyntaxError) in
            let child = nodes[node].elements[index]
            index += 1
            switch scanner.next() {
            case "\"" where strings != nil:
                let string = try scanner.quoted()
                strings?.append(string)
                if let child { record(.scalar(.string(string)), at: child, &findings) }
            case "n": try visitChild(child, &scanner, &findings)
            default:
                strings = nil
                try visitChild(child, &scanner, &findings)
            }
        }
        if let strings { record(.strings(strings), at: node, &findings) }
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
