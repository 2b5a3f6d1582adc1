/// Neighbours of one statement: as many as stay below a weight in bytes, at least one.
struct Chunks<Element>: Sequence {
    private let elements: ArraySlice<Element>
    private let limit: Int
    private let weight: (Element) -> Int

    /// The default keeps a statement, as text on the wire, well below what a server or a pooler takes.
    init(_ elements: ArraySlice<Element>, limit: Int = 16 << 20, weight: @escaping (Element) -> Int) {
        self.elements = elements
        self.limit = limit
        self.weight = weight
    }

    func makeIterator() -> AnyIterator<ArraySlice<Element>> {
        var rest = elements
        return AnyIterator {
            guard let first = rest.first else { return nil }
            var total = weight(first)
            var end = rest.startIndex + 1
            while end < rest.endIndex, total + weight(rest[end]) <= limit {
                total += weight(rest[end])
                end += 1
            }
            defer { rest = rest[end...] }
            return rest[..<end]
        }
    }
}
