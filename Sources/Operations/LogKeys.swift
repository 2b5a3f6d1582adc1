import AdapterRegistry
import Logging

/// The keys of log lines, for this module and the daemon: one key per kind of value.
public enum LogKey {
    /// First 12 digits of the digest of a base.
    public static let base = "base"
    /// First 12 digits of the digest of a challenger.
    public static let challenger = "challenger"
    /// First 12 digits of the digest of an adapter.
    public static let digest = "digest"
    /// Pipeline files.
    public static let files = "files"
    /// `host:port` of the monitoring pages.
    public static let http = "http"
    /// Name of the BLAS kernels.
    public static let kernels = "kernels"
    /// Labelled rows since the last retraining.
    public static let newRows = "new_rows"
    /// Name of a pipeline.
    public static let pipeline = "pipeline"
    /// Names of several pipelines.
    public static let pipelines = "pipelines"
    /// Why, for a person.
    public static let reason = "reason"
    /// Labelled rows that a retraining used.
    public static let rows = "rows"
    /// What the pipelines do; or the exit status of a process.
    public static let status = "status"
    /// Name of a task.
    public static let task = "task"
    /// How a retraining ended.
    public static let verdict = "verdict"
    /// Version of an adapter within its task; or of the program.
    public static let version = "version"
    /// Threads that classify.
    public static let workers = "workers"
}

extension Logger.Metadata {
    /// The fields that identify a version of an adapter.
    public static func adapter(_ version: AdapterVersion) -> Logger.Metadata {
        [
            LogKey.task: "\(version.task)", LogKey.version: "\(version.version)",
            LogKey.digest: "\(version.digest.prefix(12))",
        ]
    }
}
