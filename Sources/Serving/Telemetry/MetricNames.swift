/// The names of all metrics of the serving path, as they stand at `/metrics`.
public enum MetricNames {
    /// Counter {pipeline}: messages taken in.
    public static let messages = "lorikeet_messages_total"
    /// Counter {pipeline, task}: labels stored, abstentions included.
    public static let labels = "lorikeet_labels_total"
    /// Counter {pipeline, task}: labels withheld because the best score was too low.
    public static let abstentions = "lorikeet_abstentions_total"
    /// Counter {pipeline, stage, cause}: messages stored as rejected; the cause is one of few words, or a SQLSTATE.
    public static let rejected = "lorikeet_rejected_total"
    /// Counter {pipeline}: messages dropped because no route wants them.
    public static let dropped = "lorikeet_dropped_total"
    /// Counter {pipeline, side, cause}: failed attempts at the source or the sink, by SQLSTATE or librdkafka's name of the error.
    public static let retries = "lorikeet_retries_total"
    /// Counter {pipeline}: positions that were out of range, so that reading went on elsewhere.
    public static let positionResets = "lorikeet_position_resets_total"
    /// Distribution {pipeline}: share of the token budget that a batch used.
    public static let batchFill = "lorikeet_batch_fill_ratio"
    /// Distribution {pipeline}: tokens of a batch.
    public static let batchTokens = "lorikeet_batch_tokens"
    /// Gauge {pipeline}: messages taken in and not stored yet.
    public static let inFlightMessages = "lorikeet_in_flight_messages"
    /// Gauge {pipeline}: bytes of these.
    public static let inFlightBytes = "lorikeet_in_flight_bytes"
    /// Gauge {pipeline}: seconds since the oldest message that is taken in and not stored was produced; 0 if there is none.
    public static let oldestAge = "lorikeet_oldest_in_flight_age_seconds"
    /// Gauge {pipeline}: 1 while the source is paused.
    public static let paused = "lorikeet_source_paused"
    /// Gauge {pipeline}: 1 while texts can flow.
    public static let ready = "lorikeet_pipeline_ready"
    /// Gauge {pipeline, topic, partition}: messages waiting in the topic.
    public static let lag = "lorikeet_lag_messages"
    /// Gauge {pipeline, topic, partition}: position committed last.
    public static let committed = "lorikeet_committed_offset"
    /// Timer {pipeline, stage: prepare, batch, classify, store}: time a stage took, or a text's wait in `batch`.
    public static let stageSeconds = "lorikeet_stage_seconds"
}
