import Glibc
import Reports
import Synchronization
import Threading

extension Figure {
    /// `0.8312` as `83.1 %`.
    static func percent(_ fraction: Double) -> String { "\(decimal(fraction * 100, 1)) %" }

    /// The time since an instant, as `12.3 s`.
    static func seconds(since start: ContinuousClock.Instant) -> String {
        "\(decimal((ContinuousClock.now - start).inSeconds, 1)) s"
    }
}
