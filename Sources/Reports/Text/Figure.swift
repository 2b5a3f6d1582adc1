import Foundation

/// Numbers as people read them.
public enum Figure {
    /// Four decimals: accuracy, F1, scores.
    public static func share(_ value: Double?) -> String { decimal(value, 4) }

    /// A fixed number of decimals; a dash where there is no number.
    public static func decimal(_ value: Double?, _ digits: Int) -> String {
        guard let value, value.isFinite else { return "–" }
        return String(format: "%.\(digits)f", value)
    }

    /// A learning rate: `9.4e-04`.
    public static func rate(_ value: Double) -> String { String(format: "%.1e", value) }

    /// `0:42`, `1:03:20`.
    public static func clock(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 359_999).rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let tail = hours > 0 && minutes < 10 ? "0\(minutes)" : "\(minutes)"
        return (hours > 0 ? "\(hours):" : "") + tail + (rest < 10 ? ":0\(rest)" : ":\(rest)")
    }

    /// The first twelve digits, enough to tell adapters apart at a glance.
    public static func digest(_ digest: String) -> String { String(digest.prefix(12)) }
}
