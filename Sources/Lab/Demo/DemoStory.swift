import Reports
import Training

/// Steps 4 to 6 of the demo: what happens while texts flow.
///
/// Three tasks run side by side: one feeds the topic, one redraws the live line, and one tells the story.
struct DemoStory {
    let console: DemoConsole
    let daemon: DaemonProcess
    let database: LabDatabase
    let producer: LabProducer
    let texts: DemoTexts
    /// The daemon's variables, which the roll-back command needs too.
    let environment: [String: String]
    private let readings = StreamReadings()

    /// Messages at first, and per second after that.
    private static let burst = 2000
    private static let perSecond = 80

    init(
        console: DemoConsole, daemon: DaemonProcess, database: LabDatabase, producer: LabProducer, texts: DemoTexts,
        environment: [String: String]
    ) {
        (self.console, self.daemon, self.database) = (console, daemon, database)
        (self.producer, self.texts, self.environment) = (producer, texts, environment)
    }

    /// Returns when at least `messages` were produced and each of them has its rows.
    func run(messages: Int) async throws {
        console.step(
            4, "Stream texts: \(Figure.grouped(Self.burst)) at once, then \(Self.perSecond) per second",
            "Some messages are broken on purpose: invalid UTF-8, truncated JSON, a number for a text. They must end",
            "as rows in lorikeet.rejected and must not disturb the others.")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await feed() }
            group.addTask { try await showState() }
            group.addTask {
                try await labelBurst()
                let promoted = try await retrain()
                // A challenger that is not clearly better stays out, so either task may still have its first version.
                if let task = promoted.filter({ $0.value > 1 }).keys.min() {
                    try await rollBack(task, from: promoted)
                } else {
                    skipRollback()
                }
                try await Waiting.until("\(messages) messages are not produced yet", within: .seconds(120)) {
                    await producer.total >= messages
                }
                readings.finish()
            }
            // The first to fail cancels the others: `waitForAll` would wait for them. Else all end with the story.
            while try await group.next() != nil {}
        }
        let produced = await producer.total
        try await Waiting.until("some messages have no rows yet", within: .seconds(60), every: .milliseconds(200)) {
            try await database.settled() >= produced
        }
        console.endLive()
    }

    // MARK: - Side by side

    /// Feeds the topic until the story ends.
    private func feed() async throws {
        var messages = DemoMessages(texts.stream)
        try await producer.produce(messages.next(Self.burst))
        try await producer.flush(within: .seconds(30))
        while !readings.isFinished {
            try await Task.sleep(for: .milliseconds(250))
            try await producer.produce(messages.next(Self.perSecond / 4))
            try await producer.flush(within: .seconds(30))
        }
    }

    /// Redraws the live line: rate, lag, fill of the batches, live adapters.
    private func showState() async throws {
        while !readings.isFinished {
            try await Task.sleep(for: .milliseconds(500))
            guard daemon.isRunning else { throw LabError("the daemon exited on its own") }
            guard let page = daemon.metrics() else { continue }
            readings.take(page)
            let live = try await database.liveVersions().sorted { $0.key > $1.key }.map { "\($0.key) v\($0.value)" }
            console.live("\(readings.line)  \(live.joined(separator: ", "))  \(readings.activity)")
        }
    }

    // MARK: - The story

    private func labelBurst() async throws {
        try await Waiting.until("the first texts are not labelled", within: .seconds(120), every: .milliseconds(200)) {
            try await database.settled() >= Self.burst
        }
        console.endLive()
        console.say(
            "The first \(Figure.grouped(Self.burst)) texts are labelled by both tasks, "
                + "at up to \(Figure.grouped(readings.peakRate)) texts per second.")
    }

    /// Step 5. Returns the live version of each task afterwards.
    private func retrain() async throws -> [String: Int] {
        let rows = texts.annotations.values.map(\.count).reduce(0, +)
        console.step(
            5, "Insert \(Figure.grouped(rows)) labelled rows; the daemon retrains on its own",
            "INSERT INTO lorikeet.annotations is all it takes. The daemon trains a challenger per task at low priority",
            "and promotes it only if its macro-F1 on held-out rows beats that of the live adapter, the champion.")
        let before = try await database.liveVersions()
        for (task, rows) in texts.annotations.sorted(by: { $0.key > $1.key }) {
            try await database.annotate(task: task, rows)
        }
        try await awaitRetrainings(texts.annotations.count)
        for (task, retraining) in try await database.retrainings().sorted(by: { $0.key > $1.key }) {
            console.say(
                "\(task): \(retraining.verdict) after \(Figure.decimal(retraining.seconds, 0)) s "
                    + "on \(Figure.grouped(retraining.rows)) rows: \(retraining.reason)")
        }
        let live = try await database.liveVersions()
        try await Waiting.until("no rows of the new adapters", within: .seconds(60), every: .milliseconds(200)) {
            for (task, version) in live where try await database.newestLabelVersion(task: task) != version {
                return false
            }
            return true
        }
        console.endLive()
        for (task, version) in live.sorted(by: { $0.key > $1.key }) where version != before[task] {
            console.say("\(task): version \(version) labels the stream now; the swap did not pause it.")
        }
        // Enough labels of the new adapters to compare them with the old ones in the summary.
        let settled = try await database.settled()
        try await Waiting.until("the new adapters label too slowly", within: .seconds(120), every: .milliseconds(200)) {
            try await database.settled() >= settled + 1000
        }
        return live
    }

    private func awaitRetrainings(_ count: Int) async throws {
        readings.activity = "retraining"
        try await Waiting.until("not all tasks are retrained", within: .seconds(300), every: .milliseconds(200)) {
            let done = try await database.retrainings().count
            readings.activity = "retraining, \(done) of \(count) done"
            return done == count
        }
        readings.activity = ""
        console.endLive()
    }

    /// Step 6 without a promoted adapter.
    private func skipRollback() {
        console.endLive()
        console.step(
            6, "Nothing to roll back", "No challenger was clearly better, so both tasks keep their first adapters.")
    }

    /// Step 6.
    private func rollBack(_ task: String, from promoted: [String: Int]) async throws {
        console.endLive()
        console.step(
            6, "Roll one adapter back: lorikeet adapters rollback \(task)",
            "If a promoted adapter disappoints, one command restores the version before it. Texts keep flowing.")
        let result = try await OwnProgram.run(["adapters", "rollback", task], environment: environment)
        guard result.status == 0 else { throw LabError("the rollback failed: \(result.output)") }
        let begun = ContinuousClock.now
        let live = try await database.liveVersions()[task]
        guard live != promoted[task] || promoted[task] == 1 else {
            throw LabError("after the rollback, \(task) is still at version \(live ?? 0)")
        }
        try await Waiting.until("no rows of the older adapter", within: .seconds(60), every: .milliseconds(100)) {
            try await database.newestLabelVersion(task: task) == live
        }
        console.endLive()
        console.say(
            "\(task): version \(live ?? 0) labels the stream again, \(Figure.seconds(since: begun)) after the command.")
    }
}
