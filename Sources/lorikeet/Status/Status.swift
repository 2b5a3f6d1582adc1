import ArgumentParser
import DaemonClient
import FoundationEssentials
import JSON
import Reports

/// `lorikeet status`: what a daemon is doing.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a daemon is doing: rates, lag, latency, labels, drift, retraining.",
        discussion: """
            Asks the daemon over its Unix socket, which only the daemon's user and root may
            connect to. Nothing else is asked: neither Kafka nor PostgreSQL. With --url,
            the metrics of a daemon on another host; that takes a second, to measure rates.

            Latencies are those of the last minute, from the timestamp of a record until
            its rows are stored. Scores, labels and abstentions are those of the newest
            1,000 texts of a task. A dash stands for what is not known.

            EXAMPLES
              lorikeet status
              lorikeet status --socket /run/lorikeet/lorikeet.sock --json
              lorikeet status --url http://labels-2:9464
            """)

    @OptionGroup var daemon: DaemonPlaceOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let feed = try StatusFeed(try daemon.place())
        var status = try feed.next()
        if feed.measuresRates {
            try await Task.sleep(for: .seconds(1))
            status = try feed.next()
        }
        if output.json {
            try StandardOutput.shared.line(try DaemonJSON.text(status))
        } else {
            try Self.print(status)
        }
    }

    /// To standard output, as wide as the terminal.
    static func print(_ status: DaemonStatus) throws {
        for line in StatusPage(status, now: Date(), width: StandardOutput.size.columns).lines {
            try StandardOutput.shared.line(line.text)
        }
    }
}
