import Glibc

/// What the program's own terminal is like.
enum Terminal {
    /// Whether results scroll over the screen: then a bar beside them would only flicker.
    static let showsStandardOutput = isatty(STDOUT_FILENO) == 1
}
