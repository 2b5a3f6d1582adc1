import Serving

/// The HELP lines of every metric that Lorikeet has, by name.
public enum MetricDescriptions {
    public static let all: [String: String] = live.merging(daemon) { $1 }.merging(process) { $1 }

    private static let live: [String: String] = [
        MetricNames.messages: "Messages taken in.",
        MetricNames.labels: "Labels stored, abstentions included.",
        MetricNames.abstentions: "Labels withheld because the best score was too low.",
        MetricNames.rejected:
            "Messages stored as rejected, by stage and cause: a word such as not-json, or a SQLSTATE.",
        MetricNames.dropped: "Messages dropped because no route wants them.",
        MetricNames.retries:
            "Failed attempts at the source or the sink, by cause: a SQLSTATE or librdkafka's name of the error.",
        MetricNames.positionResets: "Positions that were out of range, so that reading went on elsewhere.",
        MetricNames.batchFill: "Share of the token budget that a batch used.",
        MetricNames.batchTokens: "Tokens of a batch.",
        MetricNames.inFlightMessages: "Messages taken in and not stored yet.",
        MetricNames.inFlightBytes: "Bytes of messages taken in and not stored yet.",
        MetricNames.oldestAge:
            "Seconds since the oldest message that is taken in and not stored was produced; 0 if there is none.",
        MetricNames.paused: "1 while the source is paused.",
        MetricNames.ready: "1 while texts can flow.",
        MetricNames.lag: "Messages waiting in the topic.",
        MetricNames.committed: "Position committed last.",
        MetricNames.stageSeconds: "Time a stage took, or a text's wait for its batch.",
    ]

    private static let daemon: [String: String] = [
        "lorikeet_build_info": "1; the labels say what runs: version, BLAS kernels, digest of the base.",
        "lorikeet_workers": "Threads that classify.",
        "lorikeet_adapter_info": "1; the labels say which adapter is in use for a task.",
        "lorikeet_adapter_refresh_failures_total": "Attempts to read the live adapters that failed.",
        "lorikeet_retrainings_total": "Retrainings that this daemon started and that ended, by verdict.",
        "lorikeet_reloads_total": "Reloads of the pipeline files, by outcome.",
    ]

    /// The names that every Prometheus client uses.
    private static let process: [String: String] = [
        "process_resident_memory_bytes": "Resident memory.",
        "process_cpu_seconds_total": "CPU time used, user and system.",
        "process_start_time_seconds": "When the process started, in seconds since 1970.",
        "process_open_fds": "Open file descriptors.",
    ]
}
