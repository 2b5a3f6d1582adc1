/// Durations as people write them: `20ms`, `1.5s`, `10m`, `6h`, `1h30m`, `7d`.
public enum DurationText {
    private static let units: [(name: String, seconds: Double)] = [
        ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("m", 60), ("h", 3600), ("d", 86400),
    ]

    /// A regular expression for the JSON Schema of the pipeline file.
    static var pattern: String { "^([0-9.]+(\(units.map(\.name).joined(separator: "|"))))+$" }

    /// A hundred years: a longer one is a slip.
    static let longestSeconds = 36_600 * 86400

    /// Nil where the text is no duration; never negative.
    public static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { ("a"..."z").contains($0) }
            rest = rest.dropFirst(name.count)
            guard let amount = Double(digits), let unit = units.first(where: { $0.name == name }) else { return nil }
            total += amount * unit.seconds
        }
        return total <= Double(longestSeconds) ? .microseconds(Int64((total * 1e6).rounded())) : nil
    }

    /// `20ms`, `6h`: the largest unit that needs no fraction.
    public static func format(_ duration: Duration) -> String {
        let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        let whole: [(String, Int64)] = [
            ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000),
        ]
        for (name, size) in whole where microseconds >= size && microseconds % size == 0 {
            return "\(microseconds / size)\(name)"
        }
        return microseconds == 0 ? "0s" : "\(microseconds)us"
    }
}
