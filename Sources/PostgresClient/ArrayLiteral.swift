/// PostgreSQL's text form of one-dimensional arrays: `{1,NULL,"a \"b\" \\ c"}`.
public enum ArrayLiteral {
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let comma = UInt8(ascii: ",")
    private static let open = UInt8(ascii: "{")
    private static let close = UInt8(ascii: "}")
    private static let null = Array("NULL".utf8)

    /// The literal of an array of texts, for a parameter that holds one array per row: arrays of different lengths
    /// cannot travel as an array of arrays.
    public static func texts(_ texts: [String]) -> String {
        var literal: [UInt8] = []
        append(texts, to: &literal) { appendQuoted($0.utf8, to: &$1) }
        return String(decoding: literal, as: UTF8.self)
    }

    static func append<Element>(
        _ elements: [Element?], to buffer: inout [UInt8], element append: (Element, inout [UInt8]) -> Void
    ) {
        buffer.append(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { buffer.append(comma) }
            if let element {
                append(element, &buffer)
            } else {
                buffer.append(contentsOf: null)
            }
        }
        buffer.append(close)
    }

    /// Always in quotes, so that empty texts, `NULL`, commas, braces and spaces are read back unchanged.
    static func appendQuoted(_ text: some Sequence<UInt8>, to buffer: inout [UInt8]) {
        buffer.append(quote)
        for byte in text {
            if byte == quote || byte == backslash { buffer.append(backslash) }
            buffer.append(byte)
        }
        buffer.append(quote)
    }

    /// The elements of a literal that the server wrote; `nil` if it is not one-dimensional with bounds from 1.
    static func elements(_ literal: some Collection<UInt8>) -> [String?]? {
        var reader = Reader(bytes: Array(literal))
        guard reader.take(open) else { return nil }
        if reader.take(close) { return reader.isAtEnd ? [] : nil }
        var elements: [String?] = []
        repeat {
            guard let element = reader.element() else { return nil }
            elements.append(element.text)
        } while reader.take(comma)
        return reader.take(close) && reader.isAtEnd ? elements : nil
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func take(_ byte: UInt8) -> Bool {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        /// One element, with `text` nil for NULL; `nil` if there is none.
        mutating func element() -> (text: String?, Void)? {
            if take(quote) { return quoted().map { ($0, ()) } }
            let start = position
            while position < bytes.count, bytes[position] != comma, bytes[position] != close {
                // Nested arrays are not supported.
                if bytes[position] == open || bytes[position] == quote { return nil }
                position += 1
            }
            let slice = bytes[start..<position]
            if slice.isEmpty { return nil }
            return slice.elementsEqual(null) ? (nil, ()) : (String(decoding: slice, as: UTF8.self), ())
        }

        private mutating func quoted() -> String? {
            var text: [UInt8] = []
            while position < bytes.count {
                if take(quote) { return String(decoding: text, as: UTF8.self) }
                if take(backslash), isAtEnd { return nil }
                text.append(bytes[position])
                position += 1
            }
            return nil
        }
    }
}
