/// How much of what is set to zero in training, each in 0 ..< 1.
public struct DropoutRates: Sendable, Equatable {
    /// Of the outputs of attention and feed-forward blocks (DistilBERT: of feed-forward blocks only), before the residual.
    public var hidden: Float
    /// Of attention probabilities.
    public var attention: Float
    /// Of the features that the classifier sees.
    public var classifier: Float

    /// No dropout at all.
    public static let none = DropoutRates(hidden: 0, attention: 0, classifier: 0)

    public init(hidden: Float, attention: Float, classifier: Float) {
        self.hidden = hidden
        self.attention = attention
        self.classifier = classifier
    }
}
