import Operations

/// Text of others on a terminal: it must neither move the cursor nor break a line.
enum TerminalText {
    /// The text with hidden characters as escapes.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: \.isHidden) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case _ where scalar.isHidden: escaped += "\\u{\(String(scalar.value, radix: 16))}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// The columns that a text takes.
    static func width(of text: String) -> Int { text.reduce(0) { $0 + width(of: $1) } }

    /// The text, or its beginning with `…`, in at most this many columns.
    static func shortened(_ text: String, to columns: Int) -> String {
        // A text of a megabyte is not measured to its end.
        if text.utf8.count <= columns { return text }
        var (width, end) = (0, text.startIndex)
        for index in text.indices {
            width += Self.width(of: text[index])
            if width > columns { return columns > 0 ? String(text[..<end]) + "…" : "" }
            // One column is left for the mark.
            if width < columns { end = text.index(after: index) }
        }
        return text
    }

    /// A character is as wide as its first scalar: what follows combines with it.
    private static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide(scalar.value) ? 2 : 1
        }
    }

    /// East Asian wide characters and emoji.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF,
            0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
