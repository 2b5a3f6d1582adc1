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

    /// What a payload holds that holds one of the texts as a string of JSON, written by any of the usual writers, or
    /// as a string of Avro. A text is only found as a whole value.
    var payloadParts: [[UInt8]] {
        guard case .texts(let texts) = self else { return [] }
        return texts.flatMap { text in
            Set([
                Self.json(text, isASCII: false, escapesSlash: false),
                Self.json(text, isASCII: true, escapesSlash: false),
                Self.json(text, isASCII: false, escapesSlash: true), Self.json(text, isASCII: true, escapesSlash: true),
                Self.avro(text),
            ])
        }
    }

    /// A quoted string. Writers differ in what they escape: only what must be, all that is not ASCII, slashes.
    private static func json(_ text: String, isASCII: Bool, escapesSlash: Bool) -> [UInt8] {
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
            case _ where scalar.value < 0x20 || isASCII && scalar.value > 0x7E:
                for unit in units(of: scalar) { json += escaped(unit) }
            default: json.unicodeScalars.append(scalar)
            }
        }
        return Array((json + "\"").utf8)
    }

    private static func units(of scalar: Unicode.Scalar) -> [UInt16] { Array(String(Character(scalar)).utf16) }

    /// `\u00e9`.
    private static func escaped(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
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
