/// The names of all metrics of the serving path, as `/metrics` shows them, with their labels in braces.
public enum MetricNames {
    /// Counter {pipeline}: messages received.
    public static let messages = "lorikeet_messages_total"
    /// Counter {pipeline, task}: labels stored, abstentions included.
    public static let labels = "lorikeet_labels_total"
    /// Counter {pipeline, task, label}: texts by the label that they got, at most ``labelLimit`` labels per task.
    public static let taskLabels = "lorikeet_task_labels_total"
    /// Distribution {pipeline, task}: score of the best label, whether the text got it or not.
    public static let taskConfidence = "lorikeet_task_confidence_ratio"
    /// Counter {pipeline, task}: labels withheld, for whatever reason.
    public static let abstentions = "lorikeet_abstentions_total"
    /// Counter {pipeline, task}: labels withheld because the text was too far from what the adapter knows.
    public static let noneOfThese = "lorikeet_none_of_these_total"
    /// Counter {pipeline, stage, cause}: messages stored as rejected. The cause is a word such as `not-json`, or a
    /// SQLSTATE.
    public static let rejected = "lorikeet_rejected_total"
    /// Counter {pipeline}: messages dropped because no route matches or they have no payload.
    public static let dropped = "lorikeet_dropped_total"
    /// Counter {pipeline, side, cause}: failed attempts at the source or the sink. The cause is a SQLSTATE or
    /// librdkafka's name of the error.
    public static let retries = "lorikeet_retries_total"
    /// Counter {pipeline}: committed offsets that were out of range and were reset.
    public static let offsetResets = "lorikeet_position_resets_total"
    /// Distribution {pipeline}: share of the token budget used per batch.
    public static let batchFill = "lorikeet_batch_fill_ratio"
    /// Distribution {pipeline}: tokens per batch.
    public static let batchTokens = "lorikeet_batch_tokens"
    /// Gauge {pipeline}: messages received and not settled yet.
    public static let inFlightMessages = "lorikeet_in_flight_messages"
    /// Gauge {pipeline}: bytes of messages received and not settled yet.
    public static let inFlightBytes = "lorikeet_in_flight_bytes"
    /// Gauge {pipeline}: seconds since the oldest message in flight was produced; 0 if none is.
    public static let oldestAge = "lorikeet_oldest_in_flight_age_seconds"
    /// Gauge {pipeline}: 1 while the source is paused.
    public static let paused = "lorikeet_source_paused"
    /// Gauge {pipeline}: 1 while texts can flow.
    public static let ready = "lorikeet_pipeline_ready"
    /// Gauge {pipeline, side}: 1 while the source, the sink, the adapters, the registry or the publisher is available.
    public static let available = "lorikeet_dependency_available"
    /// Gauge {pipeline}: messages of all assigned partitions that are not read yet.
    public static let pipelineLag = "lorikeet_pipeline_lag_messages"
    /// Gauge {pipeline, topic, partition}: messages of the partition that are not read yet.
    public static let lag = "lorikeet_lag_messages"
    /// Gauge {pipeline, topic, partition}: the committed offset.
    public static let committed = "lorikeet_committed_offset"
    /// Gauge {pipeline}: records stored and not published yet.
    public static let outboxRows = "lorikeet_outbox_rows"
    /// Gauge {pipeline}: seconds since the oldest record in the outbox was stored; 0 if it is empty.
    public static let outboxAge = "lorikeet_outbox_oldest_age_seconds"
    /// Counter {pipeline, kind}: records that a broker has acknowledged. The kind is `labels` or `rejected`.
    public static let published = "lorikeet_published_total"
    /// Counter {pipeline, kind, cause}: records that a broker refused for good.
    public static let refusedPublications = "lorikeet_refused_publications_total"
    /// Timer {pipeline, stage}: seconds per poll (`prepare`), per batch (`classify`) or per transaction (`store`), and
    /// the wait of a batch's oldest text (`batch`).
    public static let stageSeconds = "lorikeet_stage_seconds"
    /// Timer {pipeline}: from receiving a message to its committed rows.
    public static let delivery = "lorikeet_delivery_seconds"
    /// Timer {pipeline}: from producing a message to its committed rows. Clocks of two machines differ: at least 0.
    public static let endToEnd = "lorikeet_end_to_end_seconds"

    /// Causes that a counter of a pipeline tells apart. A trigger of a user may raise any SQLSTATE.
    static let causeLimit = 50
    /// What further causes are counted as.
    static let otherCause = "other"
    /// Labels that a task's counter tells apart.
    static let labelLimit = 200
    /// What texts with further labels are counted as. The parentheses tell it from a label of that name.
    static let otherLabel = "(other)"
}
