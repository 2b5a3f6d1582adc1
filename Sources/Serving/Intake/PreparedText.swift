/// A text between intake and worker.
struct PreparedText: Sendable {
    let ticket: DeliveryTracker.Ticket
    let message: SourceMessage
    /// `nil` if the pipeline does not store texts.
    let text: String?
    /// `[CLS]` … `[SEP]`.
    let tokens: [Int32]
    /// The number of `[UNK]` among them.
    let unknownTokens: Int
    let tasks: [TaskDefinition]
    /// When it was received, by the pipeline's clock.
    let receivedAt: Duration
}

/// A message between worker (or intake) and sink.
struct FinishedText: Sendable {
    let ticket: DeliveryTracker.Ticket
    let outcome: Outcome
}
