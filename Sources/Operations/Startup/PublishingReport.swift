/// The report of a command whose records a daemon may still have to publish.
protocol PublishingReport {
    /// Records that wait in the outbox; nil if nothing is published.
    var outbox: Int? { get set }
    /// Host and process that publish them; nil: nobody does.
    var publisher: String? { get set }
}

extension PublishingReport {
    /// What waits to be published.
    mutating func note(_ waiting: WaitingRecords?) {
        (outbox, publisher) = (waiting?.records, waiting?.publisher)
    }
}
