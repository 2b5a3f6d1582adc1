/// The version of the whole program.
public enum LorikeetVersion {
    public static let current = "0.1.0"
}
