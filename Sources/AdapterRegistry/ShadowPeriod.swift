import FoundationEssentials

/// The time in which a version labels beside the champion.
public struct ShadowPeriod: Sendable, Equatable, Codable {
    /// When it began.
    public var since: Date
    /// What was agreed then.
    public var terms: ShadowTerms

    /// - Parameters: as the properties.
    public init(since: Date, terms: ShadowTerms) { (self.since, self.terms) = (since, terms) }

    /// It ends no sooner.
    public var earliestEnd: Date { since.addingTimeInterval(terms.seconds) }

    /// It ends without texts enough; nil: never.
    public var latestEnd: Date? { terms.timeLimit.map(since.addingTimeInterval) }
}
