/// A message between worker (or intake) and sink.
struct FinishedText: Sendable {
    let ticket: DeliveryTracker.Ticket
    let outcome: Outcome
    /// When it was received, by the pipeline's clock.
    let receivedAt: Duration
    /// The text, if a tap was open when it was received, whether the pipeline stores texts or not.
    var tappedText: String?
}
