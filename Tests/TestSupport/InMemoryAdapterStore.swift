import AdapterRegistry
import BERT
import Drift
import Files
import Foundation

/// A registry in memory, with the same rules as the one in PostgreSQL.
public final class InMemoryAdapterStore: AdapterStore {
    fileprivate struct State: Sendable {
        var entries: [StoredAdapter] = [] {
            didSet { revision += 1 }
        }
        var revision: Int64 = 0
        var clock = Date(timeIntervalSince1970: 1_700_000_000)
        var loads = 0
        var reads = 0
        /// Drift references as JSON, by digest.
        var references: [String: [UInt8]] = [:]
        var failure: StoreIsAway?
        /// By digest.
        var trainingRows: [String: TrainingRowSet] = [:]
        var losesShadows = false
        var losesWeights = false
        var beforePromotion: (@Sendable () async throws -> Void)?
    }

    /// Stands for a database that cannot be reached.
    public struct StoreIsAway: Error, Equatable {
        /// Without history.
        public init() {}
    }

    private let state = Watched(State())

    /// Without adapters.
    public init() {}

    /// How often versions were read.
    public var reads: Int { state.value.reads }

    /// How often an adapter was loaded.
    public var loads: Int { state.value.loads }

    /// From now on every call fails, until it is called with `false`.
    public func goAway(_ isAway: Bool = true) { state.update { $0.failure = isAway ? StoreIsAway() : nil } }

    /// Does something right before the next promotion that expects anything: after what it is based on was read.
    public func interruptPromotion(_ body: @escaping @Sendable () async throws -> Void) {
        state.update { $0.beforePromotion = body }
    }

    /// From now on challengers in shadow cannot be read, until it is called with `false`.
    public func loseShadows(_ areLost: Bool = true) { state.update { $0.losesShadows = areLost } }

    /// From now on adapters have no weights, until it is called with `false`. It is no change of a version.
    public func loseWeights(_ areLost: Bool = true) { state.update { $0.losesWeights = areLost } }

    /// As the protocol says.
    public func versions(task: String?) async throws -> [AdapterVersion] {
        try read { state in
            state.reads += 1
            return state.entries.map(\.version).filter { task == nil || $0.task == task }.sorted {
                ($0.task, $0.version) < ($1.task, $1.version)
            }
        }
    }

    /// As the protocol says.
    public func revision() async throws -> Int64? { try read { $0.revision } }

    /// As the protocol says.
    public func live(tasks: [String]) async throws -> [AdapterVersion] {
        try await versions(task: nil).filter { $0.state == .live && tasks.contains($0.task) }
    }

    /// As the protocol says.
    public func shadows(tasks: [String]) async throws -> [AdapterVersion] {
        if state.value.losesShadows { throw StoreIsAway() }
        return try await versions(task: nil).filter { $0.state == .shadow && tasks.contains($0.task) }
    }

    /// As the protocol says.
    public func startShadow(
        task: String, version: Int, _ terms: ShadowTerms, expecting expected: ExpectedVersions?
    ) async throws -> AdapterVersion {
        let result = try read { state -> Result<AdapterVersion, AdapterStoreError> in
            guard let index = state.index(task, version) else {
                return .failure(.unknownVersion(task: task, version: version))
            }
            if state.differs(expected, task, index) { return .failure(.hasChanged(task: task)) }
            let found = state.entries[index].version
            if found.state == .live { return .failure(.isLive(task: task, version: version)) }
            if found.state == .shadow, found.shadow?.terms == terms { return .success(found) }
            state.rejectShadow(task, except: index)
            state.entries[index].version.state = .shadow
            state.entries[index].version.shadow = ShadowPeriod(since: state.tick(), terms: terms)
            return .success(state.entries[index].version)
        }
        return try result.get()
    }

    /// As the protocol says.
    public func endShadow(task: String, version: Int, expecting expected: ExpectedVersions?) async throws {
        let error = try read { state -> AdapterStoreError? in
            guard let index = state.index(task, version) else { return .unknownVersion(task: task, version: version) }
            if state.differs(expected, task, index) { return .hasChanged(task: task) }
            if state.entries[index].version.state == .shadow { state.entries[index].version.state = .candidate }
            return nil
        }
        if let error { throw error }
    }

    /// Damages the weights of an adapter, as a failing disk does.
    public func damage(digest: String) {
        state.update { state in
            for index in state.entries.indices where state.entries[index].version.digest == digest {
                state.entries[index].weights = []
            }
        }
    }

    /// As the protocol says.
    public func load(digest: String) async throws -> StoredAdapter {
        let found = try read { state in
            state.loads += 1
            let found = state.entries.filter { $0.version.digest == digest }
            return found.first { $0.version.trainingRange != nil } ?? found.first
        }
        guard let found else { throw AdapterStoreError.unknownDigest(digest) }
        if state.value.losesWeights { throw AdapterStoreError.pruned(digest: digest) }
        return found
    }

    /// As the protocol says.
    public func trainingRows(digest: String) async throws -> TrainingRowSet? {
        try read { $0.trainingRows[digest] }
    }

    /// As the protocol says.
    public func publish(
        task: String, adapter: Adapter, metrics: [String: Double], parentDigest: String?,
        trainingRows: TrainingRowSet?
    ) async throws -> AdapterVersion {
        try read { state in
            let known = state.entries.firstIndex { $0.version.task == task && $0.version.digest == adapter.digest }
            if let known {
                if let trainingRows, state.entries[known].version.trainingRange == nil {
                    state.entries[known].version.trainingRange = trainingRows.range
                    state.trainingRows[adapter.digest] = trainingRows
                }
                return state.entries[known].version
            }
            var version = AdapterVersion(
                task: task, version: state.entries.count { $0.version.task == task } + 1, digest: adapter.digest,
                baseDigest: adapter.baseDigest, state: .candidate, metrics: metrics,
                parentDigest: parentDigest, createdAt: state.tick())
            version.trainingRange = trainingRows?.range
            version.dataType = adapter.manifest.trainingDataType
            state.entries.append(
                StoredAdapter(version: version, manifest: adapter.manifest, weights: adapter.weights))
            if let trainingRows { state.trainingRows[adapter.digest] = trainingRows }
            return version
        }
    }

    /// As the protocol says.
    @discardableResult
    public func accept(task: String, version: Int, over precision: BasePrecision) async throws -> AdapterVersion {
        let accepted = try read { state -> AdapterVersion? in
            guard let index = state.index(task, version) else { return nil }
            state.entries[index].version.acceptedDtype = precision.description
            return state.entries[index].version
        }
        guard let accepted else { throw AdapterStoreError.unknownVersion(task: task, version: version) }
        return accepted
    }

    /// As the protocol says.
    public func promote(
        task: String, version: Int, _ promotion: Promotion, expecting expected: ExpectedVersions?
    ) async throws -> AdapterVersion {
        let interruption = state.update { state in
            defer { state.beforePromotion = nil }
            return state.beforePromotion
        }
        if expected != nil { try await interruption?() }
        let result = try read { state -> Result<AdapterVersion, AdapterStoreError> in
            guard let index = state.index(task, version) else {
                return .failure(.unknownVersion(task: task, version: version))
            }
            if state.differs(expected, task, index) { return .failure(.hasChanged(task: task)) }
            state.rejectShadow(task, except: index)
            guard state.entries[index].version.state != .live else { return .success(state.entries[index].version) }
            return .success(state.makeLive(task, index, promotion, previous: .retired))
        }
        return try result.get()
    }

    /// As the protocol says.
    public func reject(task: String, version: Int, expecting expected: ExpectedVersions?) async throws {
        let error = try read { state -> AdapterStoreError? in
            guard let index = state.index(task, version) else { return .unknownVersion(task: task, version: version) }
            if state.differs(expected, task, index) { return .hasChanged(task: task) }
            guard state.entries[index].version.state != .live else { return .isLive(task: task, version: version) }
            state.entries[index].version.state = .rejected
            return nil
        }
        if let error { throw error }
    }

    /// As the protocol says.
    public func rollback(task: String, _ promotion: Promotion) async throws -> AdapterVersion {
        let version = try read { state -> AdapterVersion? in
            let retired = state.entries.map(\.version).filter { $0.task == task && $0.state == .retired }
            let last = retired.max { ($0.promotedAt ?? .distantPast) < ($1.promotedAt ?? .distantPast) }
            guard let last, let index = state.index(task, last.version) else { return nil }
            state.rejectShadow(task, except: nil)
            return state.makeLive(task, index, promotion, previous: .rejected)
        }
        guard let version else { throw AdapterStoreError.nothingToRollBackTo(task: task) }
        return version
    }

    /// Stores the drift reference of an adapter as it is, even damaged.
    public func setDriftReference(_ json: [UInt8], digest: String) {
        state.update { $0.references[digest] = json }
    }

    private func read<Result: Sendable>(_ body: @Sendable (inout State) -> Result) throws -> Result {
        try state.update { state -> Swift.Result<Result, StoreIsAway> in
            if let failure = state.failure { return .failure(failure) }
            return .success(body(&state))
        }.get()
    }
}

extension InMemoryAdapterStore: DriftReferenceStore {
    /// As the protocol says.
    public func driftReference(digest: String) async throws -> [UInt8]? { try read { $0.references[digest] } }

    /// As the protocol says.
    public func store(_ reference: DriftReference, replacing damaged: String?) async throws {
        let (digest, json) = (reference.adapterDigest, reference.json)
        try read { state in
            guard state.entries.contains(where: { $0.version.digest == digest }) else { return }
            let isReplaced = state.references[digest].map { SHA256.hash($0).hexadecimal == damaged } ?? true
            if isReplaced { state.references[digest] = json }
        }
    }
}

extension InMemoryAdapterStore.State {
    fileprivate func differs(_ expected: ExpectedVersions?, _ task: String, _ index: Int) -> Bool {
        let live = entries.map(\.version).first { $0.task == task && $0.state == .live }
        return expected.map { !$0.hold(entries[index].version, live: live) } ?? false
    }

    fileprivate mutating func tick() -> Date {
        clock += 1
        return clock
    }

    fileprivate func index(_ task: String, _ version: Int) -> Int? {
        entries.firstIndex { $0.version.task == task && $0.version.version == version }
    }

    fileprivate mutating func rejectShadow(_ task: String, except spared: Int?) {
        for other in entries.indices where entries[other].version.task == task && other != spared {
            if entries[other].version.state == .shadow { entries[other].version.state = .rejected }
        }
    }

    fileprivate mutating func makeLive(
        _ task: String, _ index: Int, _ promotion: Promotion, previous: AdapterState
    ) -> AdapterVersion {
        for other in entries.indices where entries[other].version.task == task && entries[other].version.state == .live
        {
            entries[other].version.state = previous
        }
        entries[index].version.state = .live
        entries[index].version.promotedAt = tick()
        entries[index].version.promotion = promotion
        return entries[index].version
    }
}

extension AdapterStore {
    /// Publishes an adapter whose training rows are unknown.
    public func publish(
        task: String, adapter: Adapter, metrics: [String: Double], parentDigest: String?
    ) async throws -> AdapterVersion {
        try await publish(
            task: task, adapter: adapter, metrics: metrics, parentDigest: parentDigest, trainingRows: nil)
    }

    /// Promotes a version as a test does.
    public func promote(task: String, version: Int) async throws -> AdapterVersion {
        try await promote(task: task, version: version, Promotion(by: "test", reason: "a test wants it"))
    }

    /// Rolls back as a test does.
    public func rollback(task: String) async throws -> AdapterVersion {
        try await rollback(task: task, Promotion(by: "test", reason: "a test wants it"))
    }
}
