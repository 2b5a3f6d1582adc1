/// What ``PromotionGate`` decided, and why.
public struct GateDecision: Sendable, Equatable {
    /// `promoted`, `held` or `rejected`.
    public var verdict: RetrainingVerdict
    /// A sentence for a person.
    public var reason: String
    /// The figures, for the journal and the report.
    public var findings: GateFindings

    /// A decision with these figures.
    public init(verdict: RetrainingVerdict, reason: String, findings: GateFindings) {
        self.verdict = verdict
        self.reason = reason
        self.findings = findings
    }
}
