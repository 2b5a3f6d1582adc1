import FoundationEssentials

/// The memory of a process, as the kernel counts it.
struct ProcessMemory {
    private let path: String

    /// The memory of this process.
    static let own = ProcessMemory("self")

    init(of process: Int32) { self.init("\(process)") }

    private init(_ process: String) { path = "/proc/\(process)/status" }

    /// Resident memory; nil once the process has ended.
    var residentMegabytes: Int? { megabytes("VmRSS:") }

    /// The highest resident memory so far; nil once the process has ended.
    var peakMegabytes: Int? { megabytes("VmHWM:") }

    private func megabytes(_ key: String) -> Int? {
        guard let status = try? String(contentsOfFile: path, encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) })
        else { return nil }
        return line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first.map { $0 / 1024 }
    }
}
