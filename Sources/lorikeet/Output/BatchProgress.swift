import JSON
import Reports
import Synchronization

/// The progress of a command that sends much through the serving path at once, on standard error.
final class BatchProgress: Sendable {
    private let unit: String
    private let style: ProgressOption.Style
    private let bar: ProgressBar
    private let shownAt = Mutex(ContinuousClock.now)

    /// - Parameters:
    ///   - title: the activity.
    ///   - unit: what is counted, such as `rows`.
    init(_ title: String, unit: String, style: ProgressOption.Style) {
        (self.unit, self.style) = (unit, style)
        bar = ProgressBar(title, unit: unit, isShown: style == .bar)
    }

    /// Removes the bar from the screen.
    func clear() { bar.clear() }

    /// - Parameter total: nil if nobody knows it.
    func show(_ done: Int, of total: Int?) {
        switch style {
        case .bar: bar.update(done, of: total)
        case .lines:
            if isTime(.seconds(10)) {
                StandardError.write(total.map { "\(done) of \($0) \(unit)" } ?? "\(done) \(unit)")
            }
        case .json:
            if isTime(.seconds(1)) || done == total {
                let of = total.map { JSONValue.integer($0) } ?? .null
                StandardError.write(JSONValue.object([(unit, .integer(done)), ("of", of)]).text)
            }
        case .auto, .none: break
        }
    }

    /// Whether this much time has passed since something was shown.
    private func isTime(_ interval: Duration) -> Bool {
        shownAt.withLock { shownAt in
            guard ContinuousClock.now - shownAt >= interval else { return false }
            shownAt = .now
            return true
        }
    }
}
