extension Duration {
    /// In seconds, with fractions.
    public var inSeconds: Double { self / .seconds(1) }

    /// Whole milliseconds for a C function, at most 10⁹. Rounded up, so that a short wait is never a busy loop.
    public var milliseconds: Int32 {
        if self <= .zero { return 0 }
        if self > .seconds(1_000_000) { return 1_000_000_000 }
        let (seconds, attoseconds) = components
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
