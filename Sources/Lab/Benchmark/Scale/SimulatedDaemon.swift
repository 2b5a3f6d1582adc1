import AdapterRegistry
import BERT
import Connectors
import FoundationEssentials
import Kernels
import Operations
import Serving
import Threading

/// What a daemon asks of its database beside labels, without the daemon.
actor SimulatedDaemon {
    private let settings: PostgresSettings
    private let store: PostgresAdapterStore
    private let accuracy: PostgresAdapterStore
    private let rows: PostgresLabelledRowSource
    private let tasks: [String: AdapterRequirements]
    private let base: BERTBase
    private let listens: Bool
    private var random: SplitMix64
    private let live = LiveAdapters()
    /// The first look measures every task.
    private var hasMeasured = false
    private var pace = RetrainingPace<String>()
    /// When each adapter came into use, by digest; a swap wakes whoever waits for one.
    private let swaps = Monitor<[String: ContinuousClock.Instant]>([:])

    /// The paces of `LiveAdapterService`, `AccuracyWatch` and `RetrainScheduler`.
    private static let pollInterval = Duration.seconds(1)
    private static let accuracyInterval = Duration.seconds(60)
    private static let scheduleInterval = Duration.seconds(10)
    private static let recent = Duration.seconds(300)

    init(_ settings: PostgresSettings, tasks: [String], base: BERTBase, listens: Bool, seed: UInt64) {
        self.settings = settings
        (store, accuracy) = (PostgresAdapterStore(settings), PostgresAdapterStore(settings))
        rows = PostgresLabelledRowSource(settings)
        self.tasks = Dictionary(uniqueKeysWithValues: tasks.map { ($0, AdapterRequirements(labels: [])) })
        (self.base, self.listens) = (base, listens)
        random = SplitMix64(seed: seed)
    }

    /// Loads all live adapters; retries while the server is too busy to connect, as a daemon does.
    func start() async throws {
        while true {
            do { return try await refresh() } catch let error as ConnectorError where error.action == .retry {
                try await Task.sleep(for: Self.pollInterval)
            }
        }
    }

    /// Follows the store until the task is cancelled. The loops begin at random moments, as those of daemons do.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            let phases = [Self.accuracyInterval, Self.scheduleInterval].map { $0 * random.fraction() }
            group.addTask {
                let notifications = AdapterNotifications(
                    direct: self.listens ? self.settings : nil, pollInterval: Self.pollInterval)
                for await _ in notifications { try? await self.refresh() }
            }
            group.addTask { await Self.every(Self.accuracyInterval, after: phases[0]) { await self.measure() } }
            group.addTask { await Self.every(Self.scheduleInterval, after: phases[1]) { await self.schedule() } }
        }
    }

    func close() async {
        await store.close()
        await accuracy.close()
        await rows.close()
    }

    /// When an adapter came into use.
    func swapped(_ task: String, to digest: String, within limit: Duration) async throws -> ContinuousClock.Instant {
        try await Waiting.until("\(task) has its new adapter in every daemon", within: limit) {
            swaps.withLock { $0[digest] != nil }
        }
        return swaps.withLock { $0[digest] } ?? .now
    }

    private static func every(
        _ interval: Duration, after phase: Duration, _ body: @Sendable () async -> Void
    ) async {
        var pause = phase
        while (try? await Task.sleep(for: pause)) != nil {
            await body()
            pause = interval
        }
    }

    private func refresh() async throws {
        let changed = try await live.refresh(from: store, tasks: tasks, base: base).changed
        let (now, adapters) = (ContinuousClock.now, live.snapshot.adapters)
        swaps.update { swaps in
            for task in changed { if let digest = adapters[task]?.version.digest { swaps[digest] = now } }
        }
    }

    private func measure() async {
        let adapters = live.snapshot.adapters
        let annotated = try? await accuracy.annotatedTasks(among: adapters.keys.sorted(), within: Self.recent)
        for (task, adapter) in adapters where !hasMeasured || annotated?.contains(task) == true {
            _ = try? await accuracy.annotatedLabels(task: task, digest: adapter.version.digest)
        }
        hasMeasured = true
        await accuracy.close()
    }

    private func schedule() async {
        let now = Date(timeIntervalSince1970: Double(Clock.systemDate()) / 1000)
        let names = tasks.keys.sorted()
        guard let facts = try? await rows.scheduleFacts(tasks: names, now: now, dtype: "float32") else { return }
        let monotonic = Clock.system.now()
        let unread = pace.journalsDue(among: facts.keys, now: monotonic)
        if !unread.isEmpty, (try? await rows.lastRetrainings(tasks: unread.sorted())) != nil {
            pace.readJournals(of: unread, now: monotonic)
        }
        let newRows = facts.mapValues(\.newRows)
        let uncounted = pace.censusesDue(newRows, now: monotonic)
        if !uncounted.isEmpty, (try? await rows.labelGroups(tasks: uncounted.sorted())) != nil {
            pace.counted(uncounted, newRows, now: monotonic)
        }
    }
}
