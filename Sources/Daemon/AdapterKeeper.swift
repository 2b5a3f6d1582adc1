import AdapterRegistry
import BERT
import Connectors
import Foundation
import Logging
import Operations
import Pipelines
import ServiceLifecycle
import Synchronization
import Threading

/// Keeps the live adapters of one database's tasks: waits for the database, checks the schema, publishes first adapters,
/// then follows the registry: looks every two seconds, and sooner where a notification can reach it.
final class AdapterKeeper: Service {
    /// Pipelines find their adapters here.
    let liveAdapters = LiveAdapters()
    let settings: PostgresSettings
    /// The server itself, for notifications.
    private let direct: PostgresSettings?
    private let store: PostgresAdapterStore
    private let base: BERTBase
    private let logger: Logger
    private let pollInterval: Duration

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var tasks: [String: KeptTask]
        /// What keeps the database from answering; nil while it does.
        var obstacle: String? = "not connected yet"
        /// Whether the log says already that it is away.
        var isSaid = false
        /// Why a task's live version cannot be used, as said last.
        var refused: [String: String] = [:]
        var missing: Set<String> = []
    }

    private let state: Mutex<State>

    init(
        postgres: Secret, direct: Secret?, tasks: [String: KeptTask], base: BERTBase, logger: Logger,
        pollInterval: Duration = .seconds(2)
    ) {
        self.direct = direct.map { PostgresSettings(dsn: $0.value, applicationName: "lorikeet listens") }
        settings = PostgresSettings(dsn: postgres.value, applicationName: "lorikeet run")
        store = PostgresAdapterStore(settings)
        state = Mutex(State(tasks: tasks))
        self.base = base
        self.logger = logger
        self.pollInterval = pollInterval
    }

    /// What a pipeline with these tasks waits for on this side; nil if nothing.
    func waitingFor(tasks: [String]) -> String? {
        state.withLock { state in
            let refused = tasks.compactMap { task in
                state.refused[task].map { "a usable adapter for \(task) (\($0))" }
            }
            if !refused.isEmpty, tasks.contains(where: { liveAdapters.snapshot.adapters[$0] == nil }) {
                return refused.joined(separator: "; ")
            }
            let isWithout = tasks.contains { liveAdapters.snapshot.adapters[$0] == nil }
            return isWithout ? state.obstacle.map { "database: \($0)" } : nil
        }
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await self.reachDatabase()
                let hints = AdapterNotifications(
                    direct: self.direct, pollInterval: self.pollInterval, logger: self.logger)
                for await _ in hints { await self.refreshOrWait() }
            }
        } catch is CancellationError {}
        await store.close()
    }

    /// Takes other tasks on, for a reload. Changes nothing if it throws.
    ///
    /// - Returns: the tasks before.
    /// - Throws: if one of them ends up without a live adapter, or the database is away.
    @discardableResult
    func replaceTasks(_ tasks: [String: KeptTask]) async throws -> [String: KeptTask] {
        let before = tasksNow
        state.withLock { $0.tasks = tasks }
        do {
            let added = tasks.filter { before[$0.key] == nil || before[$0.key]?.form != $0.value.form }
            guard !added.isEmpty else { return before }
            try await ensureFirstAdapters(added)
            try await refresh()
            if let unmet = waitingFor(tasks: added.keys.sorted()) {
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

    /// Takes the tasks before a reload on again.
    func restoreTasks(_ tasks: [String: KeptTask]) { state.withLock { $0.tasks = tasks } }

    private var tasksNow: [String: KeptTask] { state.withLock { $0.tasks } }

    // MARK: - The database

    /// Returns when the schema is right, first adapters are live and the live set has been read.
    private func reachDatabase() async throws {
        var waits = Backoff(BackoffSettings(ceiling: .seconds(5)))
        while true {
            do {
                try await DatabaseSchema.verify(settings)
                try await ensureFirstAdapters(tasksNow)
                try await refresh()
                return
            } catch {
                try stopUnlessAway(error)
            }
            try await Task.sleep(for: waits.next())
        }
    }

    /// Says once that the database is away; throws on for what no waiting can mend.
    private func stopUnlessAway(_ error: any Error) throws {
        if let failure = error as? CommandFailure { throw failure }
        guard let error = error as? DatabaseError, error.action == .retry else {
            throw CommandFailure(.configuration, "database: \(error)")
        }
        if noteAway(error.reason) {
            logger.warning("database unavailable, retrying", metadata: ["reason": "\(error.reason)"])
        }
    }

    /// - Returns: whether the log does not say so yet.
    private func noteAway(_ reason: String) -> Bool {
        state.withLock { state in
            defer { (state.obstacle, state.isSaid) = (reason, true) }
            return !state.isSaid
        }
    }

    private func ensureFirstAdapters(_ tasks: [String: KeptTask]) async throws {
        let live = Set(try await store.live(tasks: tasks.keys.sorted()).map(\.task))
        for (task, kept) in tasks.sorted(by: { $0.key < $1.key }) where !live.contains(task) {
            guard let first = kept.first else {
                if let problem = kept.missingFolder { throw CommandFailure(.configuration, problem.description) }
                continue
            }
            let (version, isNew) = try await store.ensureLive(task: task, first: first)
            if isNew { logger.notice("first adapter published", metadata: Self.metadata(of: version)) }
        }
    }

    /// A look into the registry once everything runs: failures are said once, and the adapters in use stay.
    private func refreshOrWait() async {
        do {
            try await refresh()
        } catch {
            let reason = (error as? DatabaseError)?.reason ?? "\(error)"
            PrometheusRegistry.shared.makeCounter(label: "lorikeet_adapter_refresh_failures_total", dimensions: [])
                .increment(by: 1)
            if noteAway(reason) {
                logger.warning("cannot read the live adapters; those in use stay", metadata: ["reason": "\(reason)"])
            }
        }
    }

    private func refresh() async throws {
        let outcome = try await liveAdapters.refresh(from: store, tasks: tasksNow.mapValues(\.form), base: base)
        report(outcome)
    }

    // MARK: - Log lines

    /// A line for what changed since the last look.
    private func report(_ outcome: AdapterRefresh) {
        let (wasAway, newlyMissing, newlyRefused) = state.withLock { state in
            let missing = Set(outcome.missing)
            let refused = outcome.refused.filter { state.refused[$0.key] != $0.value }
            let result = (state.isSaid, missing.subtracting(state.missing), refused)
            (state.obstacle, state.isSaid) = (nil, false)
            (state.missing, state.refused) = (missing, outcome.refused)
            return result
        }
        if wasAway { logger.notice("database recovered") }
        let adapters = liveAdapters.snapshot.adapters
        for task in outcome.changed {
            guard let live = adapters[task] else { continue }
            logger.notice("adapter in use", metadata: Self.metadata(of: live.version))
            let doubts = tasksNow[task]?.abstentions.compactMap { $0.doubt(live.adapter.manifest) } ?? []
            for doubt in doubts {
                logger.warning("abstaining from every text", metadata: ["task": "\(task)", "reason": "\(doubt)"])
            }
        }
        for task in newlyMissing.sorted() {
            logger.warning(
                "no live adapter; train one and import it, or name a folder under tasks.\(task).adapter",
                metadata: ["task": "\(task)"])
        }
        for (task, reason) in newlyRefused.sorted(by: { $0.key < $1.key }) {
            logger.error("the live adapter cannot be used", metadata: ["task": "\(task)", "reason": "\(reason)"])
        }
    }

    private static func metadata(of version: AdapterVersion) -> Logger.Metadata {
        ["task": "\(version.task)", "version": "\(version.version)", "digest": "\(version.digest.prefix(12))"]
    }
}
