/// One hyper-parameter of a training with a recipe, and why it has its value.
public struct RecipeChoice: Sendable, Codable, Equatable {
    /// The key of the hyper-parameter.
    public let key: String
    /// Its value, as a person writes it.
    public let value: String
    /// Why, in words.
    public let reason: String

    /// A choice with its reason.
    public init(key: String, value: String, reason: String) {
        (self.key, self.value, self.reason) = (key, value, reason)
    }

    /// `rate 0.002: many labels …`.
    public var line: String { "\(key) \(value): \(reason)" }
}
