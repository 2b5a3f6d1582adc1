/// Whose texts are forgotten.
public enum ForgottenSubject: Sendable, Equatable {
    /// Everything of the records with this key.
    case key([UInt8])
    /// Everything of the records with one of these texts, as they are stored.
    case texts([String])

    /// The texts as the columns hold them.
    var storedTexts: [String] {
        guard case .texts(let texts) = self else { return [] }
        return texts.map(StorableText.text)
    }

    /// The key, if it is one.
    var recordKey: [UInt8]? { if case .key(let key) = self { key } else { nil } }

    /// What a payload or the value of a header holds that holds one of the texts as a string of JSON, written by any of
    /// the usual writers, or as a string of Avro. A text is only found as a whole value.
    var payloadParts: [[UInt8]] {
        guard case .texts(let texts) = self else { return [] }
        return texts.flatMap { text in
            var parts: Set<[UInt8]> = [Self.avro(text)]
            for escapesSlash in [false, true] {
                for digits in [nil, "0123456789abcdef", "0123456789ABCDEF"] {
                    parts.insert(Self.json(text, escapesSlash: escapesSlash, digits: digits.map(Array.init)))
                }
            }
            return parts
        }
    }

    /// A quoted string. Writers differ in what they escape: only what must be, slashes, all that is not ASCII.
    ///
    /// - Parameter digits: for characters that are not ASCII; nil: they are not escaped.
    private static func json(_ text: String, escapesSlash: Bool, digits: [Character]?) -> [UInt8] {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "/": json += escapesSlash ? "\\/" : "/"
            case "\n": json += "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case "\u{8}": json += "\\b"
            case "\u{C}": json += "\\f"
            case _ where scalar.value < 0x20: json += escaped(scalar, digits: digits ?? Array("0123456789abcdef"))
            case _ where scalar.value > 0x7E: json += digits.map { escaped(scalar, digits: $0) } ?? String(scalar)
            default: json.unicodeScalars.append(scalar)
            }
        }
        return Array((json + "\"").utf8)
    }

    /// `\u00e9`; two of them beyond the first 65,536 characters.
    private static func escaped(_ scalar: Unicode.Scalar, digits: [Character]) -> String {
        String(scalar).utf16.map { unit in
            "\\u" + String([12, 8, 4, 0].map { digits[Int(unit >> $0) & 15] })
        }.joined()
    }

    /// The length as a zigzag integer of variable size, and the bytes.
    private static func avro(_ text: String) -> [UInt8] {
        var rest = UInt64(text.utf8.count) << 1
        var bytes: [UInt8] = []
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)] + Array(text.utf8)
    }
}
