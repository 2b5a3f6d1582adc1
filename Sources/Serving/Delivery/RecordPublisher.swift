/// What became of a record that was given to a broker.
public enum PublicationResult: Sendable, Equatable {
    /// The broker has it.
    case acknowledged
    /// The broker will never take it, or never take a batch with it: it is too large, or invalid.
    ///
    /// - Parameter isCertain: the record itself is at fault, not another one of its batch.
    case refused(ConnectorError, isCertain: Bool)
    /// It may be published later.
    case failed(ConnectorError)
    /// It may be published later. The topic of its kind takes nothing now, but other topics may.
    case blocked(ConnectorError)
}

/// What a publisher heard since the last call.
public struct PublisherReport: Sendable {
    /// Results by ``OutboxRecord/id``.
    public var results: [(id: Int64, result: PublicationResult)]
    /// What keeps the rest from being published now. The publisher goes on trying unless the action is `.stop`.
    public var obstacle: ConnectorError?

    /// - Parameters: as the properties.
    public init(results: [(id: Int64, result: PublicationResult)] = [], obstacle: ConnectorError? = nil) {
        (self.results, self.obstacle) = (results, obstacle)
    }
}

/// Publishes records to topics, in the order given per partition of the source. Takes one call at a time.
public protocol RecordPublisher: Sendable {
    /// Sends records, all of which have a message. Their results follow from ``report()``.
    ///
    /// - Throws: if nothing can be sent now. Nothing is sent then.
    func publish(_ records: [OutboxRecord]) async throws(ConnectorError)

    /// Waits about 100 ms at most for results.
    func report() async throws(ConnectorError) -> PublisherReport

    /// Forgets the records without a result. Some of them may still arrive.
    func abandon() async
}
