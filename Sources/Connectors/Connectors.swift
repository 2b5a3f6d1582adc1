/// Both ways over Kafka and PostgreSQL: the protocols of the layers below, kept by real servers.
///
/// | protocol | kept by | over |
/// |---|---|---|
/// | `TextSource` | ``KafkaTextSource`` | a member of a consumer group |
/// | `LabelSink` | ``PostgresLabelSink`` | `lorikeet.labels`, `lorikeet.rejected` |
/// | `AdapterStore` | ``PostgresAdapterStore`` | `lorikeet.adapters` |
/// | `LabelledRowSource`, `RetrainingJournal` | ``PostgresLabelledRowSource`` | `lorikeet.annotations`, `.retrainings`, `.leases` |
///
/// Beside them ``AdapterNotifications`` says when another process changed the live adapters, ``PostgresCounts`` counts
/// rows for people, and
/// ``Schema`` makes the tables. What a failure means (try again, reject one message, stop) stands in ``FailureTable``,
/// and only there.
public enum Connectors {
    /// The PostgreSQL schema that holds every table.
    public static let schemaName = "lorikeet"
    /// The channel that is notified of every change of live adapters; the payload is the task.
    public static let adapterChannel = "lorikeet_adapters"
}
