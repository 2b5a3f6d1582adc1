extension Unicode.Scalar {
    /// Whether a terminal does not show it but obeys it: control characters, the ends of lines and paragraphs, and what
    /// changes the direction of a line. What others wrote is shown without these.
    public var isHidden: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
