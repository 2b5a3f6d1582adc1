@_spi(_Unicode) import Swift

// Foundation has both, but would bring all of ICU along.

extension String {
    /// The text in Unicode's normal form C: of all ways to write the same characters, the composed one.
    ///
    /// `_nfc` is the standard library's own, the one by which it compares strings. It is not public API, so a new
    /// toolchain may call it otherwise; the form itself never changes (Unicode's stability policy).
    public var nfc: String {
        // No scalar below U+0300 composes with another, and UTF-8 writes all of them with bytes below 0xCC.
        if utf8.allSatisfy({ $0 < 0xCC }) { return self }
        var scalars = UnicodeScalarView()
        for scalar in _nfc { scalars.append(scalar) }
        return String(scalars)
    }

    /// The text without white space, line ends included, at its beginning and end.
    public var trimmed: String {
        func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
        guard let first = unicodeScalars.firstIndex(where: { !isBlank($0) }),
            let last = unicodeScalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(unicodeScalars[first...last])
    }

    /// The text with each run of white space as one blank.
    public var collapsed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }

    /// The text without accents and other marks over or under letters.
    public var withoutMarks: String {
        if utf8.allSatisfy({ $0 < 0x80 }) { return self }
        var scalars = UnicodeScalarView()
        for scalar in _nfd where scalar.properties.generalCategory != .nonspacingMark { scalars.append(scalar) }
        return String(scalars)
    }
}
