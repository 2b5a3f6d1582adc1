/// A number with its noun, for sentences.
public enum Quantity {
    /// Such as `1 row` and `2 rows`.
    ///
    /// - Parameter many: the plural; nil: with an `s`.
    public static func text(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count) \(count == 1 ? one : many ?? one + "s")"
    }

    /// Such as `1 is required`.
    static func required(_ count: Int) -> String { "\(count) \(isOrAre(count)) required" }

    /// The verb after a number.
    static func isOrAre(_ count: Int) -> String { count == 1 ? "is" : "are" }
}
