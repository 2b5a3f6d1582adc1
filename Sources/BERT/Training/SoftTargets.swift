/// What a teacher makes of some texts, to train towards instead of labels: probabilities of the labels that it knows.
public struct SoftTargets: Sendable, Equatable {
    /// The places of these labels among those of the adapter in training, ascending. Other labels have no target.
    public let places: [Int]
    /// The temperature of the probabilities, above 0.
    public let temperature: Float
    /// Whether each label is independent of the others.
    public let isMultiLabel: Bool
    /// [texts, places].
    public let probabilities: [Float]

    /// - Parameters:
    ///   - probabilities: [texts, places]; without `isMultiLabel`, those of a text sum to 1.
    public init(places: [Int], temperature: Float, isMultiLabel: Bool, probabilities: [Float]) {
        (self.places, self.temperature) = (places, temperature)
        (self.isMultiLabel, self.probabilities) = (isMultiLabel, probabilities)
    }

    /// The number of texts.
    public var count: Int { places.isEmpty ? 0 : probabilities.count / places.count }

    /// The targets of some texts, in the order given.
    public func at(_ texts: [Int]) -> SoftTargets {
        SoftTargets(
            places: places, temperature: temperature, isMultiLabel: isMultiLabel,
            probabilities: texts.flatMap { probabilities[($0 * places.count)..<(($0 + 1) * places.count)] })
    }

    /// Whether every place is below the number of labels.
    func fit(labels: Int) -> Bool { places.allSatisfy { (0..<labels).contains($0) } && temperature > 0 }
}
