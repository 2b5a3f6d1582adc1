import JSON
import Operations

/// Values in log lines: whatever they hold, an event stays one line, and a terminal shows it as it is.
enum LogText {
    /// `key=value key="value with blanks"`.
    static func logfmt(_ fields: [(key: String, value: String)]) -> String {
        fields.map { "\(key($0.key))=\(value($0.value))" }.joined(separator: " ")
    }

    static func json(_ fields: [(key: String, value: String)]) -> String {
        "{" + fields.map { "\(quoted($0.key)):\(quoted($0.value))" }.joined(separator: ",") + "}"
    }

    /// A key as logfmt allows it: blanks, quotes and equals signs become `_`.
    static func key(_ key: String) -> String {
        let isPlain: (Unicode.Scalar) -> Bool = {
            $0.properties.isAlphabetic || "0"..."9" ~= $0 || "_.-/".unicodeScalars.contains($0)
        }
        let scalars = key.unicodeScalars.map { isPlain($0) ? $0 : "_" }
        return scalars.isEmpty ? "_" : String(String.UnicodeScalarView(scalars))
    }

    /// A value of logfmt, in quotes where it needs them.
    static func value(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy { $0 > " " && $0 != "\"" && $0 != "=" && $0 != "\\" && !$0.isHidden }
        return isPlain ? value : quoted(value)
    }

    /// A text in one line, without quotes.
    static func line(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: \.isHidden) else { return text }
        return String(quoted(text).dropFirst().dropLast())
    }

    /// A JSON string: also what logfmt readers expect between quotation marks.
    static func quoted(_ text: String) -> String {
        var quoted = ""
        JSONValue.write(text, to: &quoted)
        // JSON allows some of them in a string.
        guard quoted.unicodeScalars.contains(where: \.isHidden) else { return quoted }
        return quoted.unicodeScalars.map { $0.isHidden ? escaped($0) : String($0) }.joined()
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
