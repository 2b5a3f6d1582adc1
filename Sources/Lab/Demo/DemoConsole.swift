import Foundation
import Reports
import Synchronization

/// What the demo says: steps, facts, tables, and one line that changes while something runs.
///
/// On a terminal the changing line is drawn over itself; elsewhere it is printed anew every few seconds.
public final class DemoConsole: Sendable {
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let started = ContinuousClock.now

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var liveLineIsShown = false
        var lastPlainLine: ContinuousClock.Instant?
    }
    private let state = Mutex(State())

    public init() {}

    /// Seconds since the demo began.
    var elapsed: Double { (ContinuousClock.now - started).inSeconds }

    /// Opens a numbered step.
    func step(_ number: Int, of total: Int = 7, _ title: String) {
        print(emphasised("\n\(number)/\(total)  \(title)"))
    }

    /// One line of facts below the step.
    public func say(_ line: String = "") { print(line.isEmpty ? "" : "     " + line) }

    /// The line that changes: a progress bar, the state of the stream.
    func live(_ line: String) {
        state.withLock { state in
            let now = ContinuousClock.now
            if isTerminal {
                write("\r     " + line.prefix(150) + "\u{1B}[K")
                state.liveLineIsShown = true
            } else if state.lastPlainLine.map({ now - $0 >= .seconds(5) }) ?? true {
                write("     " + line + "\n")
                state.lastPlainLine = now
            }
        }
    }

    /// Ends the changing line: what follows starts below it, or replaces it on a terminal.
    public func endLive() {
        state.withLock { state in
            if state.liveLineIsShown { write("\r\u{1B}[K") }
            state.liveLineIsShown = false
            state.lastPlainLine = nil
        }
    }

    /// A progress bar with what stands beside it.
    static func bar(_ fraction: Double, _ note: String) -> String {
        ProgressBar.cells(fraction) + String(format: "  %3.0f %%  ", min(max(fraction, 0), 1) * 100) + note
    }

    /// A table, its header emphasised.
    func table(_ table: TextTable) {
        for (index, line) in table.lines.enumerated() { say(index == 0 ? emphasised(line) : line) }
    }

    private func emphasised(_ text: String) -> String { isTerminal ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    private func print(_ line: String) {
        state.withLock { state in
            if state.liveLineIsShown { write("\r\u{1B}[K") }
            state.liveLineIsShown = false
            write(line + "\n")
        }
    }

    /// A closed standard output must not end the demo before it has cleaned up.
    private func write(_ text: some StringProtocol) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }
}

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
    static func percent(_ fraction: Double) -> String { String(format: "%.1f %%", fraction * 100) }
}
