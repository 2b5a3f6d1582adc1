import AdapterRegistry
import BERT
import Connectors
import Drift
import LogKeys
import Logging
import Operations
import Pipelines
import Retraining
import ServiceLifecycle
import Serving
import Synchronization
import Threading

/// Keeps the live adapters of one database's tasks current.
///
/// It verifies the schema and publishes first adapters, retrying while the database is unavailable. Then it follows the
/// adapter store: it polls every second, and sooner where a notification can reach it.
final class LiveAdapterService: Service {
    /// Pipelines find their adapters here.
    let liveAdapters = LiveAdapters()
    private let settings: PostgresSettings
    /// The server itself, for notifications.
    private let direct: PostgresSettings?
    private let store: PostgresAdapterStore
    private let driftWatch: DriftWatch
    private let shadowWatch: ShadowWatch
    /// Where the ends of shadows are recorded.
    private let journal: PostgresLabelledRowSource
    private let accuracyWatch: AccuracyWatch
    private let base: ServingBase
    private let logger: Logger
    private let pollInterval: Duration
    private let clock: Clock
    /// A rollback is in use within two seconds: a poll may just have begun when it is committed, and loading the
    /// adapter takes time.
    static let defaultPollInterval = Duration.seconds(1)

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        private(set) var tasks: [String: ServedTask]
        /// Whether every task that its file names a folder for has had a live adapter in the database. First adapters
        /// are not needed any more then, and not kept: those in use were read from the database.
        private var hasStarted = false
        /// Why the database does not answer; nil while it does.
        var outage: String? = "not connected yet"
        /// Whether the outage is in the log.
        var isOutageLogged = false
        /// Why a task's live version cannot be used, as logged last.
        var refused: [String: String] = [:]
        /// How the labels of a task's live adapter differ from the task's, as logged last.
        var pending: [String: String] = [:]
        /// Tasks without a live adapter, as logged last.
        var missing: Set<String> = []
        /// Challengers in shadow that cannot be used, as read last.
        var refusedShadows: [String: AdapterRefresh.RefusedShadow] = [:]

        init(tasks: [String: ServedTask]) { self.tasks = tasks }

        mutating func serve(_ tasks: [String: ServedTask]) {
            self.tasks = hasStarted ? tasks.mapValues(\.withoutFirstAdapter) : tasks
        }

        mutating func started() {
            hasStarted = true
            serve(tasks)
        }
    }

    private let state: Mutex<State>

    init(
        postgres: Secret, direct: Secret?, tasks: [String: ServedTask], base: ServingBase, logger: Logger,
        pollInterval: Duration = LiveAdapterService.defaultPollInterval, clock: Clock = .system
    ) {
        self.direct = direct.map { PostgresSettings(dsn: $0.value, applicationName: "lorikeet listens") }
        settings = PostgresSettings(dsn: postgres.value, applicationName: "lorikeet run")
        store = PostgresAdapterStore(settings)
        driftWatch = DriftWatch(store: store, logger: logger)
        journal = PostgresLabelledRowSource(settings)
        shadowWatch = ShadowWatch(
            conclusion: ShadowConclusion(store: store, journal: journal, labels: journal, clock: clock), logger: logger,
            clock: clock)
        accuracyWatch = AccuracyWatch(settings, clock: clock)
        state = Mutex(State(tasks: tasks))
        self.base = base
        self.logger = logger
        (self.pollInterval, self.clock) = (pollInterval, clock)
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                // Not a second poll: it retries what must succeed once. Driven by the notifications, which listen on a
                // connection of their own, it would need a hint at once, and one outage would be logged twice.
                while try await !self.start() { try await self.clock.sleep(self.pollInterval) }
                let notifications = AdapterNotifications(
                    direct: self.direct, pollInterval: self.pollInterval, logger: self.logger)
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        await self.accuracyWatch.follow(self.liveAdapters) {
                            self.currentTasks.mapValues(\.form.mapping)
                        }
                    }
                    for await _ in notifications {
                        await self.refreshOrLog()
                        await self.driftWatch.look(at: self.liveAdapters.snapshot)
                        await self.lookAtShadows()
                    }
                    group.cancelAll()
                }
            }
        } catch is CancellationError {}
        await shadowWatch.stop()
        await journal.close()
        await store.close()
    }

    /// What keeps the adapters of a pipeline from use.
    enum Obstacle: Sendable, Equatable, CustomStringConvertible {
        /// The database does not answer, with the reason.
        case database(String)
        /// Live versions cannot be used: which, and why.
        case adapters(String)

        var description: String {
            switch self {
            case .database(let reason): "database: \(reason)"
            case .adapters(let reason): reason
            }
        }
    }

    /// What a pipeline with these tasks waits for on this side; nil if nothing.
    func obstacle(of tasks: [String]) -> Obstacle? {
        let adapters = liveAdapters.snapshot.adapters
        guard tasks.contains(where: { adapters[$0] == nil }) else { return nil }
        return state.withLock { state in
            let refused = tasks.compactMap { task in
                state.refused[task].map { "a usable adapter for \(task) (\($0))" }
            }
            return refused.isEmpty
                ? state.outage.map(Obstacle.database) : .adapters(refused.joined(separator: "; "))
        }
    }

    /// The accuracy of the live adapters on annotated texts, by task.
    var measuredAccuracy: [String: [MeasuredAccuracy.Sample: MeasuredAccuracy]] {
        get async { await accuracyWatch.accuracy(of: liveAdapters.snapshot) }
    }

    // MARK: - Reload

    /// Serves other tasks from now on. Changes nothing if it throws.
    ///
    /// - Returns: the tasks before.
    /// - Throws: if one of them ends up without a live adapter, or the database is unavailable.
    @discardableResult
    func replaceTasks(_ tasks: [String: ServedTask]) async throws -> [String: ServedTask] {
        let before = currentTasks
        liveAdapters.forgetRefusals()
        state.withLock { $0.serve(tasks) }
        do {
            let added = tasks.filter { before[$0.key] == nil || before[$0.key]?.form != $0.value.form }
            guard !added.isEmpty else { return before }
            try await ensureFirstAdapters(added)
            try await refresh()
            if let unmet = obstacle(of: added.keys.sorted()) {
                throw CommandFailure(.failed, "waiting for \(unmet)")
            }
            let missing = added.keys.filter { liveAdapters.snapshot.adapters[$0] == nil }.sorted()
            if !missing.isEmpty {
                throw CommandFailure(.failed, "no live adapter for \(missing.joined(separator: ", "))")
            }
            return before
        } catch {
            restoreTasks(before)
            throw error
        }
    }

    /// Serves the tasks from before a reload again.
    func restoreTasks(_ tasks: [String: ServedTask]) { state.withLock { $0.serve(tasks) } }

    /// Takes tasks that are not served any more out of the live set. After a reload, once no pipeline has a text of
    /// them.
    func forgetRemovedTasks() {
        let tasks = currentTasks
        for task in liveAdapters.snapshot.adapters.keys where tasks[task] == nil {
            liveAdapters.swap(task: task, to: nil)
        }
    }

    var currentTasks: [String: ServedTask] { state.withLock { $0.tasks } }

    // MARK: - The database

    /// Verifies the schema, publishes first adapters and reads the live set.
    ///
    /// - Returns: false while the database is unavailable.
    /// - Throws: what retrying does not help.
    private func start() async throws -> Bool {
        do {
            try await DatabaseSchema.verify(settings)
            try await ensureFirstAdapters(currentTasks)
            try await refresh()
            state.withLock { $0.started() }
            return true
        } catch let failure as CommandFailure {
            throw failure
        } catch let error as ConnectorError where error.action == .retry {
            if noteOutage(error.reason) {
                logger.warning("database unavailable, retrying", metadata: [LogKey.reason: "\(error.reason)"])
            }
            return false
        } catch {
            throw CommandFailure(.configuration, "database: \(error)")
        }
    }

    private func ensureFirstAdapters(_ tasks: [String: ServedTask]) async throws {
        let live = Set(try await store.live(tasks: tasks.keys.sorted()).map(\.task))
        for (name, task) in tasks.sorted(by: { $0.key < $1.key }) where !live.contains(name) {
            guard let first = task.firstAdapter else {
                if let problem = task.missingFolder { throw CommandFailure(.configuration, problem.description) }
                continue
            }
            let (version, isNew) = try await store.ensureLive(
                task: name, first: first, trainingRows: task.firstTrainingRows, reference: task.firstReference)
            if isNew { logger.notice("first adapter published", metadata: .adapter(version)) }
        }
    }

    /// Reads the store while the pipelines run: on a failure the adapters in use stay.
    private func refreshOrLog() async {
        do {
            try await refresh()
        } catch {
            let reason = (error as? ConnectorError)?.reason ?? "\(error)"
            PrometheusRegistry.shared.makeCounter(label: DaemonMetricNames.refreshFailures, dimensions: [])
                .increment(by: 1)
            if noteOutage(reason) {
                logger.warning(
                    "live adapters cannot be read, keeping those in use", metadata: [LogKey.reason: "\(reason)"])
            }
        }
    }

    private func refresh() async throws {
        // A version of another database may have made it finer.
        let current = try await currentBase()
        log(
            try await liveAdapters.refresh(
                from: store, tasks: currentTasks.mapValues(\.form), base: current,
                finer: { version in
                    _ = try await self.base.base(for: version)
                    return try await self.currentBase()
                }))
    }

    /// The base over which the daemon labels now, with all adapters in use over it.
    private func currentBase() async throws -> BERTBase {
        let current = base.loaded.base
        if !liveAdapters.isOver(current) {
            try await SystemThread.run(name: "dtype", stackSize: 8 << 20) { [liveAdapters] in
                try liveAdapters.rebase(onto: current)
            }
        }
        return current
    }

    private func lookAtShadows() async {
        let (refused, paused) = state.withLock { state in
            (state.refusedShadows, Set(state.tasks.filter(\.value.isPaused).keys))
        }
        await shadowWatch.look(at: liveAdapters.snapshot, refused: refused, paused: paused)
    }

    /// - Returns: whether the log does not say so yet.
    private func noteOutage(_ reason: String) -> Bool {
        state.withLock { state in
            defer { (state.outage, state.isOutageLogged) = (reason, true) }
            return !state.isOutageLogged
        }
    }

    // MARK: - Log lines

    /// One line for everything that changed since the last refresh.
    private func log(_ refresh: AdapterRefresh) {
        let (hasRecovered, newlyMissing, newlyRefused) = state.withLock { state in
            let missing = Set(refresh.missing)
            let refused = refresh.refused.filter { state.refused[$0.key] != $0.value }
            let result = (state.isOutageLogged, missing.subtracting(state.missing), refused)
            (state.outage, state.isOutageLogged) = (nil, false)
            (state.missing, state.refused) = (missing, refresh.refused)
            state.refusedShadows = refresh.refusedShadows
            return result
        }
        if hasRecovered { logger.notice("database recovered") }
        for task in refresh.changed { logSwap(task) }
        for (task, error) in refresh.unusableReferences.sorted(by: { $0.key < $1.key }) {
            logger.warning(
                error.isDamage
                    ? "drift reference cannot be used, the first live texts replace it"
                    : "drift reference cannot be used, the first live texts stand in for it",
                metadata: [LogKey.task: "\(task)", LogKey.reason: "\(error)"])
        }
        logPendingLabels()
        for task in newlyMissing.sorted() {
            logger.warning(
                "no live adapter: train and import one, or name a folder under adapter",
                metadata: [LogKey.task: "\(task)"])
        }
        for (task, reason) in newlyRefused.sorted(by: { $0.key < $1.key }) {
            logger.error(
                "live adapter cannot be used", metadata: [LogKey.task: "\(task)", LogKey.reason: "\(reason)"])
        }
    }

    /// One line for each task whose live adapter has other labels than the task, once.
    private func logPendingLabels() {
        let adapters = liveAdapters.snapshot.adapters
        let new = state.withLock { state in
            var pending: [String: String] = [:]
            for (name, task) in state.tasks {
                pending[name] = adapters[name].flatMap { task.form.pending($0.adapter.manifest) }
            }
            defer { state.pending = pending }
            return pending.filter { state.pending[$0.key] != $0.value }
        }
        for (task, reason) in new.sorted(by: { $0.key < $1.key }) {
            logger.notice(
                "live adapter has other labels, in use until one with the task's labels is promoted",
                metadata: [LogKey.task: "\(task)", LogKey.reason: "\(reason)"])
        }
    }

    private func logSwap(_ task: String) {
        guard let live = liveAdapters.snapshot.adapters[task] else { return }
        logger.notice("adapter in use", metadata: .adapter(live.version))
        for doubt in currentTasks[task]?.abstentions.compactMap({ $0.doubt(live.adapter.manifest) }) ?? [] {
            logger.warning(
                "abstaining from every text", metadata: [LogKey.task: "\(task)", LogKey.reason: "\(doubt)"])
        }
        for doubt in currentTasks[task]?.noneOfThese.compactMap({ $0.doubt(live.drift.spread) }) ?? [] {
            logger.warning(
                "none_of_these has no effect", metadata: [LogKey.task: "\(task)", LogKey.reason: "\(doubt)"])
        }
    }
}
