/// Numbers, times and digests as people read them.
public enum Figure {
    /// A share such as accuracy, F1 or a score: four decimals, or a dash where there is no number.
    public static func share(_ value: Double?) -> String { decimal(value, 4) }

    /// A fixed number of decimals, rounded as `printf("%.nf")` rounds; a dash where there is no finite number.
    public static func decimal(_ value: Double?, _ digits: Int) -> String {
        guard let value, value.isFinite else { return "–" }
        return DecimalExpansion(value).fixed(decimals: digits)
    }

    /// A learning rate as `printf("%.1e")` writes it: `9.4e-04`; a dash where it is not finite.
    public static func rate(_ value: Double) -> String {
        value.isFinite ? DecimalExpansion(value).scientific(decimals: 1) : "–"
    }

    /// The shortest decimal that reads back as the same number, without `.0`.
    public static func plain(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }

    /// A duration in whole seconds: `0:42`, `1:03:20`; at most `99:59:59`.
    public static func clock(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 359_999).rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let tail = hours > 0 && minutes < 10 ? "0\(minutes)" : "\(minutes)"
        return (hours > 0 ? "\(hours):" : "") + tail + (rest < 10 ? ":0\(rest)" : ":\(rest)")
    }

    /// The first twelve digits of a digest, enough to tell adapters apart at a glance.
    public static func digest(_ digest: String) -> String { String(digest.prefix(12)) }

    /// A p-value with its relation: `= 0.0310`, `< 0.0001`.
    public static func probability(_ value: Double) -> String { value < 0.0001 ? "< 0.0001" : "= \(decimal(value, 4))" }

    /// A share in percent with two decimals: `97.25 %`.
    static func percent(_ share: Double) -> String { decimal(100 * share, 2) + " %" }

    /// A difference of two shares in percentage points, with its sign: `+0.42`, `−1.30`, `0.00`.
    public static func points(_ difference: Double) -> String {
        let text = decimal(abs(100 * difference), 2)
        return text == "0.00" ? text : (difference < 0 ? "−" : "+") + text
    }
}
