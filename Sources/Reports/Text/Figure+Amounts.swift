/// Amounts of all sizes, short enough for a column.
extension Figure {
    /// `12345` as `12,345`.
    public static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(",") }
            result.append(digit)
        }
        return number < 0 ? "-" + result : result
    }

    /// Events per second: `0.4`, `12.5`, `1,234`.
    public static func perSecond(_ rate: Double) -> String {
        rate < 99.95 ? decimal(rate, 1) : grouped(Int(min(rate, 1e15).rounded()))
    }

    /// A share in percent with one decimal: `3.1 %`.
    public static func shortPercent(_ share: Double) -> String { decimal(100 * share, 1) + " %" }

    /// A duration in its own unit: `0.8 ms`, `85 ms`, `1.2 s`, `3 min`, `2 h`, `5 d`.
    public static func duration(_ seconds: Double) -> String {
        switch max(0, seconds) {
        case ..<0.00995: decimal(max(0, seconds) * 1000, 1) + " ms"
        case ..<0.9995: decimal(seconds * 1000, 0) + " ms"
        case ..<9.95: decimal(seconds, 1) + " s"
        case ..<119.5: decimal(seconds, 0) + " s"
        case ..<(120 * 60): "\(Int(seconds / 60)) min"
        case ..<(48 * 3600): "\(Int(seconds / 3600)) h"
        default: grouped(Int(min(seconds, 1e12) / 86400)) + " d"
        }
    }
}
