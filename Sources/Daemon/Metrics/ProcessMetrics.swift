import FoundationEssentials
import Glibc

/// Metrics of this process from /proc, under the names that every Prometheus client uses. Absent without /proc.
enum ProcessMetrics {
    static func read(into readings: inout PrometheusReadings) {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        if let fields = statFields(), fields.count > 21, ticks > 0 {
            let cpu = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
            readings.setCounter(DaemonMetricNames.cpuSeconds, to: cpu / ticks)
            readings.set(DaemonMetricNames.virtualMemory, to: Double(fields[20]) ?? 0)
            readings.set(
                DaemonMetricNames.residentMemory, to: (Double(fields[21]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))))
            if let boot = bootTime(), let start = Double(fields[19]) {
                readings.set(DaemonMetricNames.startTime, to: boot + start / ticks)
            }
        }
        if let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            readings.set(DaemonMetricNames.openFileDescriptors, to: Double(descriptors.count))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            readings.set(DaemonMetricNames.maximumFileDescriptors, to: Double(limit.rlim_cur))
        }
    }

    /// The fields of /proc/self/stat behind the command's name, which may hold blanks.
    private static func statFields() -> [Substring]? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func bootTime() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }
}
