/// Texts as the columns can hold them.
enum StorableText {
    /// PostgreSQL's `text` holds every character but U+0000, which becomes U+FFFD.
    static func text(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        var storable = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { storable.append(scalar == "\0" ? "\u{FFFD}" : scalar) }
        return String(storable)
    }

    /// A reason, cut to a readable length.
    static func reason(_ reason: String) -> String { text(String(reason.prefix(1000))) }
}
