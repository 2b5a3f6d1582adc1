import Foundation

/// What can be measured of the serving path.
public enum DeliveryFigure: String, CaseIterable, Sendable {
    case throughput, sink, unrouted, latency, backlog, members, neighbour
}

/// One figure, as measured.
public struct DeliveryRow: Sendable {
    public let figure: DeliveryFigure
    public let name: String
    /// The median.
    public let number: Double
    public let value: String
    public let goal: String
    public var details = ""
}

/// The page that `make benchmark-delivery` writes.
public struct DeliveryPage {
    let rows: [DeliveryRow]
    let runs: Int

    public init(rows: [DeliveryRow], runs: Int) {
        self.rows = rows
        self.runs = runs
    }

    public var text: String {
        let lines = rows.map { "| \($0.name) | \($0.value) | \($0.goal) | \($0.details) |" }
        return """
            # Delivery's speed

            Written by `make benchmark-delivery`. Machine: \(Self.machine). Daemons are processes of their own; PostgreSQL (WAL and fsync on), the embedded broker and the producer share the machine's
            cores with them. Rates: medians of \(runs) runs, or pairs of runs in turn, in brackets the smallest and the largest. A row counts from when PostgreSQL says that it was committed.

            | figure | measured | to reach | |
            |---|--:|--:|---|
            \(lines.joined(separator: "\n"))

            """
    }

    private static var machine: String {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = info.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return "\(model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "CPU of unknown name"), \(cores) cores"
    }
}
