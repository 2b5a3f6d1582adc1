/// How far the pooled vector of one text is from the centres of the labels.
public struct TextDistances: Sendable, Equatable {
    /// The cosine distance from the centre of the predicted label; nil while there are no centres, or the label has
    /// none.
    public var predicted: Float?
    /// The nearest centre; nil while there is none.
    public var nearest: ReferenceCentres.Nearest?
    /// The distance from the nearest centre in units of what is usual for its label; nil where that is unknown.
    public var relative: Double?

    /// Nothing is known.
    public init() {}

    /// The distances of a vector, valid during the call.
    public init(
        _ vector: UnsafeBufferPointer<Float>, label: Int, centres: ReferenceCentres, spread: DistanceSpread?
    ) {
        predicted = centres.distance(vector, label: label)
        nearest = centres.nearest(vector)
        relative = nearest.flatMap { spread?.relativeDistance($0) }
    }
}
