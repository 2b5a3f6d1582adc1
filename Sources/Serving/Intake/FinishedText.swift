/// A message between worker (or intake) and sink.
struct FinishedText: Sendable {
    let ticket: DeliveryTracker.Ticket
    let outcome: Outcome
}
