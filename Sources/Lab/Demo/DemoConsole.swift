import Glibc
import Reports
import Synchronization
import Threading

/// The demo's voice: numbered steps, facts, tables, and one live line while something runs.
///
/// On a terminal the live line is redrawn in place. Elsewhere it is printed as a plain line every few seconds.
public final class DemoConsole: Sendable {
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let started = ContinuousClock.now
    private static let steps = 7

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var isLiveLineShown = false
        var lastPlainLine: ContinuousClock.Instant?
    }
    private let state = Mutex(State())

    /// A console on standard output. Its clock starts now.
    public init() {}

    /// Seconds since the demo began.
    var elapsed: Double { (ContinuousClock.now - started).inSeconds }

    /// Opens a numbered step: what happens, and below it why.
    func step(_ number: Int, _ title: String, _ reasons: String...) {
        print(emphasised("\n\(number)/\(Self.steps)  \(title)"))
        for reason in reasons { say(reason) }
    }

    /// Prints one line below the step's title.
    public func say(_ line: String = "") { print(line.isEmpty ? "" : "     " + line) }

    /// Shows the live line.
    func live(_ line: String) {
        state.withLock { state in
            let now = ContinuousClock.now
            if isTerminal {
                write("\r     \(line.prefix(width - 6))\u{1B}[K")
                state.isLiveLineShown = true
            } else if state.lastPlainLine.map({ now - $0 >= .seconds(5) }) ?? true {
                write("     \(line)\n")
                state.lastPlainLine = now
            }
        }
    }

    /// Takes the live line off the terminal; the next one is shown at once.
    public func endLive() {
        state.withLock { state in
            clearLiveLine(&state)
            state.lastPlainLine = nil
        }
    }

    /// A progress bar with a note beside it, for ``live(_:)``.
    static func bar(_ fraction: Double, _ note: String) -> String {
        let share = Figure.decimal(min(max(fraction, 0), 1) * 100, 0)
        return "\(ProgressBar.cells(fraction))  \(String(repeating: " ", count: 3 - share.count))\(share) %  \(note)"
    }

    /// Prints a table.
    func table(_ columns: [TextTable.Column], _ rows: [[String]]) {
        var table = TextTable(columns: columns)
        for row in rows { table.add(cells: row) }
        say()
        for (index, line) in table.lines.enumerated() { say(index == 0 ? emphasised(line) : line) }
    }

    // MARK: - Writing

    private func emphasised(_ text: String) -> String { isTerminal ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    private func print(_ line: String) {
        state.withLock { state in
            clearLiveLine(&state)
            write(line + "\n")
        }
    }

    private func clearLiveLine(_ state: inout State) {
        if state.isLiveLineShown { write("\r\u{1B}[K") }
        state.isLiveLineShown = false
    }

    /// Columns of the terminal, looked up each time because windows change.
    private var width: Int {
        let columns = StandardOutput.size.columns
        return columns > 20 ? columns : 80
    }

    /// A reader that has gone must not end the demo before it has cleaned up, so errors are ignored.
    private func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}
