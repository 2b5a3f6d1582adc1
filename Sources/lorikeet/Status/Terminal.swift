import Daemon
import FoundationEssentials
import Glibc
import Reports
import Synchronization
import Threading

/// Columns and rows of a terminal.
struct TerminalSize: Equatable {
    var columns: Int
    var rows: Int
}

/// The terminal of standard input and output, for a screen that is drawn again and again.
final class Terminal {
    /// What a person typed.
    enum Key: Equatable { case quit, suspend, move(Int) }

    private var saved = termios()
    private let page = 10
    /// Whether lines have colours.
    let hasColours = DaemonLogging.hasColors(isTerminal: true, environment: ProcessInfo.processInfo.environment)

    /// Nil where there is no terminal that can move its cursor.
    init?() {
        let kind = getenv("TERM").map { String(cString: $0) } ?? ""
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, !kind.isEmpty, kind != "dumb",
            tcgetattr(STDIN_FILENO, &saved) == 0
        else { return nil }
    }

    /// Asked each time, since windows change.
    var size: TerminalSize { TerminalSize(columns: StandardOutput.size.columns, rows: StandardOutput.size.rows) }

    /// The second screen, without cursor, and keys as they are typed. Keys make no signals: Ctrl-C is a key.
    func enter() {
        var raw = saved
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        write("\u{1B}[?1049h\u{1B}[?25l")
    }

    /// As it was.
    func leave() {
        write("\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved)
    }

    /// Ctrl-Z: stops until the shell continues the process.
    func suspend() {
        leave()
        raise(SIGSTOP)
        enter()
    }

    /// Shows these lines and nothing else.
    func draw(_ lines: [StatusPage.Line], colours: Bool) {
        let texts = lines.map { line in
            guard colours, line.style != .plain else { return line.text }
            return "\u{1B}[\(line.style == .heading ? "1" : "33")m\(line.text)\u{1B}[0m"
        }
        // Each line clears its rest, so that the screen never flickers.
        write("\u{1B}[H" + texts.joined(separator: "\u{1B}[K\r\n") + "\u{1B}[K\u{1B}[J")
    }

    /// Waits for a key; nil if none came that means anything. A terminal that is gone quits.
    func key(within patience: Duration) -> Key? {
        guard Poll.wait(for: STDIN_FILENO, deadline: .now + patience) == .ready else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        guard count > 0 else { return count < 0 && errno == EINTR ? nil : .quit }
        return Self.key(Array(bytes[..<count]), page: page)
    }

    /// What a terminal sends for a key.
    static func key(_ bytes: [UInt8], page: Int) -> Key? {
        switch String(decoding: bytes, as: UTF8.self) {
        case "q", "Q", "\u{3}", "\u{4}": .quit
        case "\u{1A}": .suspend
        case "j", "\u{1B}[B", "\u{1B}OB": .move(1)
        case "k", "\u{1B}[A", "\u{1B}OA": .move(-1)
        case " ", "\u{1B}[6~": .move(page)
        case "b", "\u{1B}[5~": .move(-page)
        default: nil
        }
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count > 0 { written += count } else if errno != EINTR { return }
        }
    }
}
