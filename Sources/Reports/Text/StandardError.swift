import Glibc

/// Standard error: progress, errors and notes. What cannot be written there is lost.
public enum StandardError {
    /// Whether standard error is a terminal, where a person watches.
    public static let isTerminal = isatty(STDERR_FILENO) == 1

    /// Columns of the terminal, 80 if it does not say; asked each time, since windows change.
    static var columns: Int {
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }

    /// Writes a line.
    public static func write(_ line: String) { write(raw: line + "\n") }

    /// Writes the text as it is, without a line end.
    public static func write(raw text: String) {
        var text = text
        text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
