import AdapterRegistry

/// How far a shadow has come, by the clock of the database.
public struct ShadowProgress: Sendable, Equatable {
    /// Since it began.
    public var seconds: Double
    /// Texts that both have labelled, counted up to the number that is required.
    public var texts: Int

    /// - Parameters: as the properties.
    public init(seconds: Double, texts: Int) { (self.seconds, self.texts) = (seconds, texts) }

    /// Whether it may end.
    func suffices(for terms: ShadowTerms) -> Bool {
        seconds >= terms.seconds && texts >= terms.minimumTexts || isOverdue(by: terms)
    }

    /// Whether it ends even without texts enough.
    func isOverdue(by terms: ShadowTerms) -> Bool { terms.timeLimit.map { seconds >= $0 } ?? false }
}
