import FoundationEssentials
import Glibc

/// Metrics of this process from /proc, under the names that every Prometheus client uses. Absent without /proc.
enum ProcessMetrics {
    static func update(_ registry: PrometheusRegistry) {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        if let fields = statFields(), fields.count > 21, ticks > 0 {
            let cpu = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
            registry.setCounter(DaemonMetricNames.cpuSeconds, to: cpu / ticks)
            registry.setGauge(
                DaemonMetricNames.residentMemory, to: (Double(fields[21]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))))
            if let boot = bootTime(), let start = Double(fields[19]) {
                registry.setGauge(DaemonMetricNames.startTime, to: boot + start / ticks)
            }
        }
        if let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            registry.setGauge(DaemonMetricNames.openFileDescriptors, to: Double(descriptors.count))
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
