import Glibc
import Reports
import Synchronization

extension Figure {
    /// `12345` as `12,345`.
    static func grouped(_ number: Int) -> String {
        let digits = String(abs(number))
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(",") }
            result.append(digit)
        }
        return number < 0 ? "-" + result : result
    }

    /// `0.8312` as `83.1 %`.
    static func percent(_ fraction: Double) -> String { "\(decimal(fraction * 100, 1)) %" }

    /// The time since an instant, as `12.3 s`.
    static func seconds(since start: ContinuousClock.Instant) -> String {
        "\(decimal((ContinuousClock.now - start).inSeconds, 1)) s"
    }
}
