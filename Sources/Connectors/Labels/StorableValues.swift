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

/// Times as `timestamptz` can hold them.
enum StorableTime {
    /// From 4713 BC to 294276 AD. A producer may have set any number.
    private static let range: ClosedRange<Int64> = -210_866_803_200_000...9_224_318_015_999_000

    /// Milliseconds since 1970; 0 for a record without a timestamp.
    static func milliseconds(_ producedAt: Int64?) -> Int64 {
        min(max(producedAt ?? 0, range.lowerBound), range.upperBound)
    }
}

/// A probability as people read it: a `Float` printed as `Double` has nine digits of noise.
enum StorableScore {
    static func double(_ score: Double) -> Double { Double("\(Float(score))") ?? score }
}
