/// The names of the daemon's own metrics; those of the pipelines are in `MetricNames`.
enum DaemonMetricNames {
    static let buildInfo = "lorikeet_build_info"
    static let workers = "lorikeet_workers"
    static let adapterInfo = "lorikeet_adapter_info"
    static let refreshFailures = "lorikeet_adapter_refresh_failures_total"
    static let retrainings = "lorikeet_retrainings_total"
    static let unusableRows = "lorikeet_task_unusable_rows"
    static let taskDrift = "lorikeet_task_drift"
    static let taskDriftAlarm = "lorikeet_task_drift_alarm"
    static let taskEstimatedAccuracy = "lorikeet_task_estimated_accuracy"
    static let taskShadowTexts = "lorikeet_task_shadow_texts"
    static let taskShadowAgreement = "lorikeet_task_shadow_agreement"
    static let taskShadowChangedLabels = "lorikeet_task_shadow_changed_labels"
    static let taskShadowConfidence = "lorikeet_task_shadow_confidence"
    static let taskEstimatedPrecision = "lorikeet_task_estimated_precision"
    static let taskEstimatedRecall = "lorikeet_task_estimated_recall"
    static let taskMeasuredAccuracy = "lorikeet_task_measured_accuracy"
    static let taskMeasuredLower = "lorikeet_task_measured_accuracy_lower"
    static let taskMeasuredUpper = "lorikeet_task_measured_accuracy_upper"
    static let taskMeasuredTexts = "lorikeet_task_measured_texts"
    static let reloads = "lorikeet_reloads_total"

    /// The names that every Prometheus client uses.
    static let residentMemory = "process_resident_memory_bytes"
    static let cpuSeconds = "process_cpu_seconds_total"
    static let startTime = "process_start_time_seconds"
    static let openFileDescriptors = "process_open_fds"
}
