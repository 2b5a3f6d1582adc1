import JSON

/// The messages of the demo, in order: package descriptions as JSON, and a broken message among every hundred.
struct DemoMessages {
    static let topic = "packages"
    static let partitions: Int32 = 2

    private var packages: ArraySlice<CataloguePackage>
    private var broken = Self.brokenPayloads[...]
    private var number = 0

    /// - Parameter packages: those whose descriptions are streamed.
    init(_ packages: ArraySlice<CataloguePackage>) { self.packages = packages }

    /// The next `count` descriptions with the broken messages among them; fewer when the catalogue ends.
    mutating func next(_ count: Int) -> [LabProducer.Message] {
        var messages: [LabProducer.Message] = []
        func add(_ key: String?, _ payload: [UInt8]?) {
            let partition = Int32(number % Int(Self.partitions))
            messages.append(.init(key: key.map { Array($0.utf8) }, payload: payload, partition: partition))
            number += 1
        }
        for package in packages.prefix(count) {
            add(package.name, Self.payload(package))
            if number % 100 == 50, let payload = broken.popFirst() { add(nil, payload) }
        }
        packages = packages.dropFirst(count)
        return messages
    }

    private static func payload(_ package: CataloguePackage) -> [UInt8] {
        let object = JSONValue.object([
            ("package", .string(package.name)), ("description", .string(package.description)),
            ("kind", .string("binary")),
        ])
        return Array(object.text.utf8)
    }

    /// What real topics also carry. Each ends as a row in `rejected`, or as labels where it contains a text after all.
    private static let brokenPayloads: [[UInt8]?] = [
        // A null payload, an empty one, bytes that are not UTF-8.
        nil, [], [0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x7D],
        // Not JSON, truncated JSON, JSON without the text.
        Array("plain words, no braces".utf8),
        Array(#"{"description": "half of a"#.utf8),
        Array(#"{"package": "no-description"}"#.utf8),
        // A text that is a number, empty, or blank.
        Array(#"{"description": 42, "kind": "binary"}"#.utf8),
        Array(#"{"description": "", "kind": "binary"}"#.utf8),
        Array(#"{"description": "   ", "kind": "binary"}"#.utf8),
        // A text with U+0000, which PostgreSQL cannot store, and a text of 1 MB.
        Array(#"{"description": "a game\u0000 of chess", "kind": "binary"}"#.utf8),
        Array(#"{"description": ""#.utf8) + Array(repeating: UInt8(ascii: "x"), count: 1_000_000)
            + Array(#"", "kind": "binary"}"#.utf8),
    ]
}
