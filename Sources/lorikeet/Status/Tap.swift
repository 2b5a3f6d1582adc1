import ArgumentParser
import DaemonClient
import FoundationEssentials
import Reports

/// `lorikeet tap`: texts with their labels, as they pass.
struct Tap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the next texts of a pipeline with their labels, as they are stored.",
        discussion: """
            Over the daemon's Unix socket, so only for the daemon's user and root: they may
            read the texts anyway. On a terminal, one line per label: task, label, score
            and the beginning of the text. Else one JSON object per text.

            The pipeline never waits for a tap. Texts beyond --rate, and texts that are not
            read fast enough, are left out, and their number is said. Without --count, the
            tap ends with Ctrl-C. Texts are not logged anywhere.

            EXAMPLES
              lorikeet tap --pipeline tickets
              lorikeet tap --pipeline tickets --task urgency --label high --count 20
              lorikeet tap --pipeline tickets --rate 1000 --count 5000
            """)

    @Option(help: ArgumentHelp("Unix socket of the daemon. Default: that of the systemd unit.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("The pipeline.", valueName: "name"))
    var pipeline: String

    @Option(help: ArgumentHelp("End after this many texts.", valueName: "texts"))
    var count: Int?

    @Option(help: ArgumentHelp("At most this many texts per second.", valueName: "texts"))
    var rate = 10

    @Option(help: ArgumentHelp("Only the labels of this task.", valueName: "name"))
    var task: String?

    @Option(help: ArgumentHelp("Only texts that got this label.", valueName: "label"))
    var label: String?

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be at least 1") }
        guard (1...TapRequest.maximumRate).contains(rate) else {
            throw ValidationError("--rate takes 1 to \(TapRequest.maximumRate) texts per second")
        }
    }

    func run() async throws {
        let path = try socket ?? DaemonSocket.find(environment: ProcessInfo.processInfo.environment)
        let connection = try DaemonConnection(to: .socket(path))
        let request = TapRequest(pipeline: pipeline, task: task, label: label, rate: rate)
        Interruption.watch()
        var (shown, dropped) = (0, 0)
        defer { Self.report(dropped: dropped) }
        while !Interruption.isAsked, count.map({ shown < $0 }) ?? true {
            let limit = min(count.map { $0 - shown } ?? TapRequest.maximumTexts, TapRequest.maximumTexts)
            let passed = try connection.texts(of: request, limit: limit)
            for text in passed.texts { try print(text) }
            try StandardOutput.shared.flush()
            shown += passed.texts.count
            dropped += passed.dropped
        }
    }

    private func print(_ text: TappedTexts.Text) throws {
        guard StandardOutput.isTerminal else { return try StandardOutput.shared.line(try DaemonJSON.text(text)) }
        for line in TappedTextLines.lines(of: text, width: StandardOutput.size.columns) {
            try StandardOutput.shared.line(line)
        }
    }

    private static func report(dropped: Int) {
        guard dropped > 0 else { return }
        let texts = dropped == 1 ? "1 text" : "\(Figure.grouped(dropped)) texts"
        StandardError.write("\(texts) passed that are not shown; --rate shows more")
    }
}
