/// The HELP lines of every metric that Lorikeet has, by name.
public enum MetricDescriptions {
    public static let all: [String: String] = [
        "lorikeet_build_info": "1; the labels say what runs: version, BLAS kernel, digest of the base.",
        "lorikeet_workers": "Threads that classify.",
        "lorikeet_ready": "1 if the pipeline consumes, 0 if it waits for something.",
        "lorikeet_pipeline_lag_messages": "Messages in the topics that were not read yet.",
        "lorikeet_pipeline_in_flight_messages": "Messages read and not stored yet.",
        "lorikeet_pipeline_in_flight_bytes": "Bytes of messages read and not stored yet.",
        "lorikeet_pipeline_partitions": "Partitions assigned to this daemon.",
        "lorikeet_pipeline_paused": "1 while fetching is paused.",
        "lorikeet_pipeline_batch_fill": "Share of the token budget that recent batches used.",
        "lorikeet_pipeline_messages_per_second": "Messages that ended a second, over the last ten seconds.",
        "lorikeet_adapter_info": "1; the labels say which adapter labels a task: task, version, digest.",
        "lorikeet_adapter_refresh_failures_total": "Attempts to read the live adapters that failed.",
        "lorikeet_retrainings_total": "Retrainings that ended, by verdict.",
        "lorikeet_reloads_total": "Reloads of the pipeline files, by outcome.",
        "process_resident_memory_bytes": "Resident memory.",
        "process_cpu_seconds_total": "CPU time used, user and system.",
        "process_start_time_seconds": "When the process started, in seconds since 1970.",
        "process_open_fds": "Open file descriptors.",
    ]
}
