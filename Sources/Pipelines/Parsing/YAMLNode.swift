import CYAML

/// A value of a YAML document with its place. Aliases stand for what they name.
struct YAMLNode {
    enum Content {
        /// - isPlain: without quotes and not a block, so that it may be null, a truth value or a number.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the file; a key may occur twice.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    let content: Content
    let position: TextPosition
}

/// Why a text is no YAML document.
struct YAMLError: Error {
    static let undefinedAlias = "found undefined alias"

    /// In libyaml's words.
    let problem: String
    /// nil where libyaml names none.
    let position: TextPosition?
}

extension YAMLNode {
    /// Parses a text that holds one document.
    ///
    /// libyaml itself, not Yams: that needs all of Foundation, whose tables for every language are two thirds of a
    /// statically linked program.
    ///
    /// - Returns: nil for a text without a document.
    static func parse(_ text: String) throws(YAMLError) -> YAMLNode? {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw YAMLError(problem: "out of memory", position: nil) }
        defer { yaml_parser_delete(&parser) }
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBufferPointer { bytes -> Result<YAMLNode?, YAMLError> in
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            do throws(YAMLError) {
                let first = try document(&parser, text)
                if let second = try document(&parser, text) {
                    throw YAMLError(problem: "but found another document", position: second.start)
                }
                return .success(first?.root)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Loads the next document and says where it begins; nil where there is none.
    private static func document(
        _ parser: inout yaml_parser_t, _ text: String
    ) throws(YAMLError) -> (root: YAMLNode, start: TextPosition)? {
        var document = yaml_document_t()
        guard yaml_parser_load(&parser, &document) == 1 else { throw YAMLError(parser, text) }
        defer { yaml_document_delete(&document) }
        guard let root = yaml_document_get_root_node(&document) else { return nil }
        var composer = Composer(document: document)
        return (try composer.node(root, depth: 0), TextPosition(document.start_mark))
    }
}

extension YAMLNode {
    /// Copies nodes out of a document of libyaml.
    private struct Composer {
        /// Aliases multiply: nine lines can stand for a billion values.
        private static let maximumNodes = 100_000
        /// An alias may stand within what it names.
        private static let maximumDepth = 100

        var document: yaml_document_t
        private var count = 0

        init(document: yaml_document_t) { self.document = document }

        mutating func node(_ node: UnsafeMutablePointer<yaml_node_t>, depth: Int) throws(YAMLError) -> YAMLNode {
            let position = TextPosition(node.pointee.start_mark)
            count += 1
            guard count <= Self.maximumNodes, depth <= Self.maximumDepth else {
                throw YAMLError(problem: "aliases make it endless or too large", position: position)
            }
            let data = node.pointee.data
            switch node.pointee.type {
            case YAML_SEQUENCE_NODE:
                let (start, end) = (data.sequence.items.start, data.sequence.items.top)
                var nodes: [YAMLNode] = []
                for item in UnsafeBufferPointer(start: start, count: start.map { (end ?? $0) - $0 } ?? 0) {
                    nodes.append(try self.node(at: item, position, depth: depth))
                }
                return YAMLNode(content: .sequence(nodes), position: position)
            case YAML_MAPPING_NODE:
                let (start, end) = (data.mapping.pairs.start, data.mapping.pairs.top)
                var pairs: [(key: YAMLNode, value: YAMLNode)] = []
                for pair in UnsafeBufferPointer(start: start, count: start.map { (end ?? $0) - $0 } ?? 0) {
                    let key = try self.node(at: pair.key, position, depth: depth)
                    pairs.append((key, try self.node(at: pair.value, position, depth: depth)))
                }
                return YAMLNode(content: .mapping(pairs), position: position)
            default:
                let bytes = UnsafeBufferPointer(start: data.scalar.value, count: data.scalar.length)
                let isPlain = data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                return YAMLNode(
                    content: .scalar(String(decoding: bytes, as: UTF8.self), isPlain: isPlain), position: position)
            }
        }

        private mutating func node(
            at index: Int32, _ position: TextPosition, depth: Int
        ) throws(YAMLError) -> YAMLNode {
            guard let node = yaml_document_get_node(&document, index) else {
                throw YAMLError(problem: "a node is missing", position: position)
            }
            return try self.node(node, depth: depth + 1)
        }
    }
}

extension YAMLError {
    /// The error that a parser reports.
    fileprivate init(_ parser: yaml_parser_t, _ text: String) {
        problem = parser.problem.map { String(cString: $0) } ?? "cannot be parsed"
        switch parser.error {
        case YAML_READER_ERROR:
            let before = String(decoding: text.utf8.prefix(parser.problem_offset), as: UTF8.self).unicodeScalars
            let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
            position = TextPosition(line: lines.count, column: (lines.last?.count ?? 0) + 1)
        case YAML_SCANNER_ERROR, YAML_PARSER_ERROR, YAML_COMPOSER_ERROR: position = TextPosition(parser.problem_mark)
        default: position = nil
        }
    }
}

extension TextPosition {
    /// libyaml counts from 0.
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }
}
