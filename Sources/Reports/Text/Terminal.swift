import Glibc

/// What the program's own terminal is like.
public enum Terminal {
    /// Whether results scroll over the screen: then a bar beside them would only flicker.
    public static let showsStandardOutput = isatty(STDOUT_FILENO) == 1

    /// Columns of the terminal that standard error is; asked anew each time, since windows change.
    static var width: Int {
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }
}
