/// The version of the program.
public enum LorikeetVersion {
    /// As `lorikeet --version` prints it.
    public static let current = "0.1.0"
}
