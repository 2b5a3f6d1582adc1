/// The keys of log lines, for all modules: one key per kind of value, each declared once.
public enum LogKey {
    /// Records given back without a result.
    public static let abandoned = "abandoned"
    /// Tasks and versions of adapters.
    public static let adapters = "adapters"
    /// Failed attempts of an outage.
    public static let attempts = "attempts"
    /// First 12 digits of the digest of a base.
    public static let base = "base"
    /// Who ran a command.
    public static let by = "by"
    /// What metrics count a failure as: a SQLSTATE, or librdkafka's name of an error.
    public static let cause = "cause"
    /// First 12 digits of the digest of a challenger.
    public static let challenger = "challenger"
    /// Rows that were deleted.
    public static let deleted = "deleted"
    /// First 12 digits of the digest of an adapter.
    public static let digest = "digest"
    /// Type in which the base computes.
    public static let dtype = "dtype"
    /// Why the base computes in that type.
    public static let dtypeReason = "dtype_reason"
    /// Exit status of a child process.
    public static let exitStatus = "exit_status"
    /// The part of librdkafka that logs.
    public static let facility = "facility"
    /// Pipeline files.
    public static let files = "files"
    /// Name of a consumer group.
    public static let group = "group"
    /// The `group.instance.id` of a static member of a consumer group.
    public static let groupInstance = "group_instance"
    /// `host:port` of the monitoring pages.
    public static let http = "http"
    /// Kind of a record in the outbox: labels or rejected.
    public static let kind = "kind"
    /// Names of the kernels.
    public static let kernels = "kernels"
    /// Labelled rows since the last retraining.
    public static let newRows = "new_rows"
    /// Rejected records without a line of their own before this one.
    public static let omitted = "omitted"
    /// Topic, partition and offset of a record.
    public static let origin = "origin"
    /// Number of partitions.
    public static let partitionCount = "partition_count"
    /// Topics and numbers of partitions.
    public static let partitions = "partitions"
    /// Name of a pipeline.
    public static let pipeline = "pipeline"
    /// Names of several pipelines.
    public static let pipelines = "pipelines"
    /// Version of the program.
    public static let program = "program"
    /// Why, for a person.
    public static let reason = "reason"
    /// Kafka records.
    public static let records = "records"
    /// Rows that the database refused.
    public static let refused = "refused"
    /// Labelled rows that a retraining read.
    public static let rows = "rows"
    /// Labelled rows that a retraining trained on or held out.
    public static let rowsUsed = "rows_used"
    /// Names of the drift signals that alarm.
    public static let signals = "signals"
    /// Path of the daemon's Unix socket.
    public static let socket = "socket"
    /// The stage that rejected a record.
    public static let stage = "stage"
    /// What a pipeline does.
    public static let state = "state"
    /// What the pipelines do, and how much.
    public static let status = "status"
    /// Name of a table.
    public static let table = "table"
    /// Names of several tables.
    public static let tables = "tables"
    /// Name of a task.
    public static let task = "task"
    /// The W3C `traceparent` of a record.
    public static let traceParent = "traceparent"
    /// What started a retraining.
    public static let trigger = "trigger"
    /// Labels of labelled rows that the task does not have.
    public static let unknownLabels = "unknown_labels"
    /// Labelled rows that a retraining cannot use.
    public static let unusableRows = "unusable_rows"
    /// How a retraining ended.
    public static let verdict = "verdict"
    /// Version of an adapter within its task.
    public static let version = "version"
    /// How long the daemon waited.
    public static let waited = "waited"
    /// Threads that classify.
    public static let workers = "workers"
}
