import Foundation
import Reports
import Synchronization
import Training

/// Steps 4 to 6: what happens while texts flow.
///
/// Three things run side by side: a producer that keeps the topic fed, a line that shows the state, and the story itself.
struct DemoStory {
    let console: DemoConsole
    let daemon: DaemonProcess
    let database: DemoDatabase
    let producer: DemoProducer
    let environment: [String: String]
    let notes = DemoNotes()

    /// Descriptions in the first burst, and a second after it.
    private static let burst = 2000
    private static let perSecond = 80

    func run(annotations: [String: [LabelledText]], messages: Int) async throws {
        console.step(
            4,
            "The stream: a burst of \(Figure.grouped(Self.burst)), then \(Self.perSecond) texts a second, bad messages among them"
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await feed() }
            group.addTask { try await show() }
            group.addTask { [self] in
                try await tell(annotations: annotations, messages: messages)
                notes.finish()
            }
            // The first to throw ends the others; otherwise all end when the story has been told.
            try await group.waitForAll()
        }
        let produced = await producer.total
        try await until("every message has its rows", seconds: 60) { try await database.settled() >= produced }
        console.endLive()
    }

    // MARK: - Side by side

    /// Feeds the topic until the story is over.
    private func feed() async throws {
        try await producer.produce(Self.burst)
        while !notes.isFinished {
            try await Task.sleep(for: .milliseconds(250))
            try await producer.produce(Self.perSecond / 4)
        }
    }

    /// One live line: rate, lag, batch fill, adapters in use.
    private func show() async throws {
        while !notes.isFinished {
            try await Task.sleep(for: .milliseconds(500))
            guard daemon.isRunning else { throw DemoError("the daemon ended by itself") }
            guard let page = daemon.metrics() else { continue }
            let versions = try await database.liveVersions().sorted { $0.key > $1.key }.map { "\($0.key) v\($0.value)" }
            notes.reading(page)
            console.live(
                "\(Figure.grouped(notes.labelledTexts)) texts  \(Figure.grouped(Int(notes.rate)))/s  lag \(Figure.grouped(notes.lag))  "
                    + "batches \(Int(notes.batchFill * 100)) % full  \(versions.joined(separator: ", "))"
                    + (notes.activity.isEmpty ? "" : "  \(notes.activity)"))
        }
    }

    private func tell(annotations: [String: [LabelledText]], messages: Int) async throws {
        try await until("the burst is labelled", seconds: 120) { try await database.settled() >= Self.burst }
        console.endLive()
        console.say("the burst: \(Figure.grouped(notes.peakRate)) texts a second, each by two tasks")

        let rows = annotations.values.map(\.count).reduce(0, +)
        console.step(
            5, "\(Figure.grouped(rows)) labelled rows arrive by plain SQL; the daemon notices, retrains, decides")
        let before = try await database.liveVersions()
        for (task, rows) in annotations.sorted(by: { $0.key > $1.key }) {
            try await database.annotate(task: task, rows)
        }
        notes.activity = "retraining"
        try await until("both tasks are retrained", seconds: 300) {
            let done = try await database.retrainings()
            notes.activity = "retraining (\(done.count) of \(annotations.count) done)"
            return done.count == annotations.count
        }
        notes.activity = ""
        console.endLive()
        for (task, retraining) in try await database.retrainings().sorted(by: { $0.key > $1.key }) {
            console.say(
                "\(task): \(retraining.verdict) after \(String(format: "%.0f", retraining.seconds)) s on \(Figure.grouped(retraining.rows)) rows: \(retraining.reason)"
            )
        }
        let promoted = try await database.liveVersions()
        try await until("rows of the new adapters arrive", seconds: 60) {
            for (task, version) in promoted where try await database.newestLabelVersion(task: task) != version {
                return false
            }
            return true
        }
        console.endLive()
        for (task, version) in promoted.sorted(by: { $0.key > $1.key }) where version != before[task] {
            console.say("\(task): the stream is labelled by version \(version) now; no text waited")
        }
        // Enough labels of the new adapters to compare by.
        let reached = try await database.settled()
        try await until("the new adapters have labelled 1,000 texts", seconds: 120) {
            try await database.settled() >= reached + 1000
        }

        try await rollBack("role", promoted: promoted)
        try await until("\(Figure.grouped(messages)) texts were streamed", seconds: 120) {
            await producer.total >= messages
        }
    }

    private func rollBack(_ task: String, promoted: [String: Int]) async throws {
        console.endLive()
        console.step(6, "lorikeet adapters rollback \(task), while texts flow")
        let result = try await DaemonProcess.run(["adapters", "rollback", task], environment: environment)
        guard result.status == 0 else { throw DemoError("the roll-back failed: \(result.output)") }
        let begun = ContinuousClock.now
        let live = try await database.liveVersions()[task]
        guard live != promoted[task] || promoted[task] == 1 else {
            throw DemoError("\(task) is still at version \(live ?? 0)")
        }
        try await until("rows of the older adapter arrive", seconds: 60) {
            try await database.newestLabelVersion(task: task) == live
        }
        console.endLive()
        console.say(
            "\(task): version \(live ?? 0) labels again, first row \(String(format: "%.1f", (ContinuousClock.now - begun).inSeconds)) s after the command"
        )
    }

    /// Looks until something holds; fails in words after a time.
    private func until(_ what: String, seconds: Int, _ holds: () async throws -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(seconds)
        while try await !holds() {
            guard ContinuousClock.now < limit else { throw DemoError("after \(seconds) s: not yet that \(what)") }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}

/// What the live line and the summary read.
final class DemoNotes: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var isFinished = false
        var activity = ""
        var labelledTexts = 0
        var lag = 0
        var batchFill = 0.0
        var rate = 0.0
        var peakRate = 0.0
        var last: (texts: Double, at: ContinuousClock.Instant)?
    }
    private let state = Mutex(State())

    var isFinished: Bool { state.withLock(\.isFinished) }
    var labelledTexts: Int { state.withLock(\.labelledTexts) }
    var lag: Int { state.withLock(\.lag) }
    var batchFill: Double { state.withLock(\.batchFill) }
    var rate: Double { state.withLock(\.rate) }
    var peakRate: Int { Int(state.withLock(\.peakRate)) }
    var activity: String {
        get { state.withLock(\.activity) }
        set { state.withLock { $0.activity = newValue } }
    }

    func finish() { state.withLock { $0.isFinished = true } }

    func reading(_ page: MetricsPage) {
        let texts = page.sum("lorikeet_labels_total", ["task": "section"])
        let lag = page.sum("lorikeet_lag_messages")
        let fillCount = page.sum("lorikeet_batch_fill_ratio_count")
        let fill = fillCount > 0 ? page.sum("lorikeet_batch_fill_ratio_sum") / fillCount : 0
        state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.last, now > last.at {
                state.rate = max(0, (texts - last.texts) / (now - last.at).inSeconds)
                state.peakRate = max(state.peakRate, state.rate)
            }
            state.last = (texts, now)
            state.labelledTexts = Int(texts)
            state.lag = Int(lag)
            state.batchFill = fill
        }
    }
}
