import FoundationEssentials

/// The page that `make benchmark-delivery` writes.
struct DeliveryPage {
    let rows: [DeliveryRow]
    let runs: Int
    /// Mean length of the texts.
    let characters: Int

    /// Markdown.
    var text: String {
        let lines = rows.map { "| \($0.name) | \($0.value) | \($0.goal) | \($0.details) |" }
        return """
            # Speed of delivery

            Written by `make benchmark-delivery`. Machine: \(Self.machine). The base computes in float32.
            The texts have \(characters) characters on average.

            Each daemon is a separate process. PostgreSQL (WAL and fsync on), the embedded broker and the producer
            share the machine's cores with the daemons. Rates are medians of \(runs) runs, ratios are medians of pairs
            of alternating runs; the lowest and the highest value are in brackets. The time of a row is the commit
            timestamp that PostgreSQL recorded (`track_commit_timestamp`). Where a task is retrained, the daemon has
            started that itself, and it trains for as long as the measurement takes.

            | figure | measured | goal | |
            |---|--:|--:|---|
            \(lines.joined(separator: "\n"))

            """
    }

    private static var machine: String {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = info.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last?.drop(while: \.isWhitespace)
        return "\(model ?? "unknown CPU"), \(cores) cores"
    }
}
