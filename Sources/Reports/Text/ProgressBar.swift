import Synchronization
import Threading

/// A progress bar on standard error; nothing where standard error is not a terminal.
///
///     training     ━━━━━━━━━━╸               41 %  loss 0.312  183 texts/s  0:42 left
public final class ProgressBar: Sendable {
    private let title: String
    private let unit: String
    private let isShown: Bool
    private let started = ContinuousClock.now

    // MARK: - Mutable State

    /// What is on the screen; guarded by the mutex.
    private struct State {
        var drawnAt: ContinuousClock.Instant?
        var isOnScreen = false
    }
    private let state = Mutex(State())

    /// - Parameters:
    ///   - title: the activity, such as `training`.
    ///   - unit: what is counted, such as `texts`.
    ///   - isShown: false for no bar at all.
    public init(_ title: String, unit: String, isShown: Bool = StandardError.isTerminal) {
        (self.title, self.unit, self.isShown) = (title, unit, isShown)
    }

    /// Shows `done` of `total`. Cheap: it draws at most ten times per second, and not in the first half second.
    ///
    /// - Parameters:
    ///   - total: nil if it is unknown.
    ///   - note: other figures, such as the loss; the last ones are dropped first where the terminal is narrow.
    ///   - pace: rate and time left, if the caller knows them better than from `done`.
    public func update(_ done: Int, of total: Int?, note: [String] = [], pace: Pace? = nil) {
        guard isShown else { return }
        let now = ContinuousClock.now
        let elapsed = (now - started).inSeconds
        guard elapsed > 0.5 else { return }
        state.withLock { state in
            if let drawnAt = state.drawnAt, now - drawnAt < .milliseconds(100) { return }
            state.drawnAt = now
            state.isOnScreen = true
            let pace = pace ?? self.pace(done, of: total, elapsed: elapsed)
            StandardError.write(raw: "\r" + line(done, of: total, note: note, pace: pace) + "\u{1B}[K")
        }
    }

    /// Removes the bar from the screen, so that the next line starts at its beginning.
    public func clear() {
        state.withLock { state in
            if state.isOnScreen { StandardError.write(raw: "\r\u{1B}[K") }
            state.isOnScreen = false
            state.drawnAt = nil
        }
    }

    /// The rate, and the time left.
    public struct Pace {
        let rate: Double
        let unit: String
        let secondsLeft: Double?

        /// - Parameter rate: units per second.
        public init(rate: Double, unit: String, secondsLeft: Double?) {
            (self.rate, self.unit, self.secondsLeft) = (rate, unit, secondsLeft)
        }
    }

    private func pace(_ done: Int, of total: Int?, elapsed: Double) -> Pace {
        let rate = elapsed > 0 ? Double(done) / elapsed : 0
        return Pace(
            rate: rate, unit: unit, secondsLeft: rate > 0 ? total.map { Double(max(0, $0 - done)) / rate } : nil)
    }

    private func line(_ done: Int, of total: Int?, note: [String], pace: Pace) -> String {
        let width = StandardError.columns - 1
        var note = note
        for cells in [24, 10] {
            let line = parts(done, of: total, cells: cells, note: note, pace: pace).joined(separator: "  ")
            if line.count <= width { return line }
        }
        while !note.isEmpty {
            note.removeLast()
            let line = parts(done, of: total, cells: 10, note: note, pace: pace).joined(separator: "  ")
            if line.count <= width { return line }
        }
        let shortest = parts(done, of: total, cells: 0, note: [], pace: pace).joined(separator: "  ")
        return String(shortest.prefix(max(width, 0)))
    }

    private func parts(_ done: Int, of total: Int?, cells: Int, note: [String], pace: Pace) -> [String] {
        var parts = [title]
        if let total, total > 0 {
            let fraction = min(Double(done) / Double(total), 1)
            if cells > 0 { parts.append(Self.cells(fraction, width: cells)) }
            let percent = Figure.decimal(fraction * 100, 0)
            parts.append(String(repeating: " ", count: max(0, 3 - percent.count)) + percent + " %")
        } else {
            parts.append("\(done) \(unit)")
        }
        parts += note
        parts.append(Figure.decimal(pace.rate, pace.rate < 10 ? 1 : 0) + " \(pace.unit)/s")
        if let secondsLeft = pace.secondsLeft { parts.append(Figure.clock(secondsLeft) + " left") }
        return parts
    }

    /// The bar itself, `width` columns wide and filled up to a fraction from 0 to 1.
    public static func cells(_ fraction: Double, width: Int = 24) -> String {
        let filled = Int((min(max(fraction, 0), 1) * Double(width)).rounded(.down))
        let head = filled < width ? "╸" : ""
        return String(repeating: "━", count: filled) + head + String(repeating: " ", count: max(0, width - filled - 1))
    }
}
