/// A text on its way from the intake to a worker.
struct PreparedText: Sendable {
    let ticket: DeliveryTracker.Ticket
    let message: SourceMessage
    /// `nil` where texts are not stored.
    let text: String?
    /// `[CLS]` … `[SEP]`.
    let tokens: [Int32]
    let tasks: [TaskDefinition]
    /// When it was taken in, by the pipeline's clock.
    let takenInAt: Duration
}

/// A message whose fate is known, on its way to the sink.
struct FinishedText: Sendable {
    let ticket: DeliveryTracker.Ticket
    let outcome: Outcome
}
