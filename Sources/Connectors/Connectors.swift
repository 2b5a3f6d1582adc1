/// Both paths over Kafka and PostgreSQL: the implementations of the protocols of `Serving`, `AdapterRegistry` and
/// `Retraining`.
///
/// | protocol | implementation | over |
/// |---|---|---|
/// | `TextSource` | ``KafkaTextSource`` | a member of a consumer group |
/// | `LabelSink` | ``PostgresLabelSink`` | `lorikeet.labels`, `lorikeet.messages`, `lorikeet.rejected` |
/// | `Outbox` | ``PostgresOutbox`` | `lorikeet.outbox`, `lorikeet.leases` |
/// | `RecordPublisher` | ``KafkaPublisher`` | an idempotent producer |
/// | `AdapterStore` | ``PostgresAdapterStore`` | `lorikeet.adapters` |
/// | `LabelledRowSource` | ``PostgresLabelledRowSource`` | `lorikeet.annotations` |
/// | `RetrainingJournal` | ``PostgresLabelledRowSource`` | `lorikeet.retrainings`, `lorikeet.leases` |
///
/// ``AdapterNotifications`` reports that another process changed the live adapters, ``PostgresRejectedRows`` serves
/// `lorikeet rejected`, and ``Schema`` creates the tables. ``FailureTable`` alone decides whether a failure is retried,
/// rejects a message or stops.
public enum Connectors {
    /// The channel that is notified of every change of live adapters; the payload is the task.
    public static let adapterChannel = "lorikeet_adapters"
}
