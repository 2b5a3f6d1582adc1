import AdapterRegistry
import BERT
import LogKeys
import Logging
import Operations
import Synchronization
import Threading

/// The base over which a daemon labels, with what is loaded beside it.
///
/// Under `dtype: auto`, it becomes finer while the daemon runs: when a version goes live, or into shadow, that was
/// accepted only over finer types. It never becomes coarser: the next start measures anew.
final class ServingBase: Sendable {
    private let folder: String
    /// Whether the pipeline files leave the types to the daemon.
    private let isAutomatic: Bool
    private let logger: Logger
    private let clock: Clock

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var loaded: LoadedBase
        /// The last attempts to load a finer one that failed.
        var failures: [BasePrecision: Failure] = [:]
        /// Digests of adapters that were accepted over finer types than those that the files name, as logged.
        var warned: Set<String> = []
    }

    private struct Failure {
        let reason: String
        let at: Duration
    }

    private let state: Mutex<State>

    /// Polls come every second, and reading a base takes about as long.
    private static let patience = Duration.seconds(60)

    /// - Parameters:
    ///   - loaded: as the daemon starts.
    ///   - folder: that of the base.
    ///   - isAutomatic: whether the pipeline files say `dtype: auto`.
    init(_ loaded: LoadedBase, folder: String, isAutomatic: Bool, logger: Logger, clock: Clock = .system) {
        (self.folder, self.isAutomatic, self.logger, self.clock) = (folder, isAutomatic, logger, clock)
        state = Mutex(State(loaded: loaded))
    }

    /// What serves now.
    var loaded: LoadedBase { state.withLock { $0.loaded } }

    /// The base over which a version may label. If the version was accepted over finer types only, the base becomes as
    /// fine as that, for every version from now on. Texts are labelled meanwhile.
    ///
    /// - Throws: why a finer one cannot be loaded. It is not tried again for a minute.
    func base(for version: AdapterVersion) async throws -> BERTBase {
        guard let accepted = version.acceptedPrecision else { return loaded.base }
        while true {
            let current = loaded
            guard current.base.precision.isCoarser(than: accepted) else { return current.base }
            guard isAutomatic else {
                warn(of: version, accepted)
                return current.base
            }
            let finer = try await load(current, for: version, current.base.precision.finer(accepted).onThisCPU)
            let isFirst = state.withLock { state in
                // A version of another database may have been faster.
                guard state.loaded.base === current.base else { return false }
                (state.loaded, state.failures) = (finer, [:])
                return true
            }
            guard isFirst else { continue }
            logger.notice(
                "base falls back to finer types",
                metadata: [
                    LogKey.task: "\(version.task)", LogKey.version: "\(version.version)",
                    LogKey.dtype: "\(finer.base.dtype)", LogKey.dtypeReason: "\(finer.dtypeReason ?? "")",
                ])
            return finer.base
        }
    }

    private func load(
        _ current: LoadedBase, for version: AdapterVersion, _ precision: BasePrecision
    ) async throws -> LoadedBase {
        let now = clock.now()
        if let failure = state.withLock({ $0.failures[precision] }), now - failure.at < Self.patience {
            throw CommandFailure(.failed, failure.reason)
        }
        let reason = "version \(version.version) of \(version.task) was accepted over \(version.acceptedDtype ?? "")"
        do {
            return try await SystemThread.run(name: "dtype", stackSize: 8 << 20) { [folder] in
                try current.finer(precision, from: folder, because: reason)
            }
        } catch {
            let reason = "the base cannot be loaded in \(precision), over which it was accepted: \(error)"
            state.withLock { $0.failures[precision] = Failure(reason: reason, at: now) }
            throw CommandFailure(.failed, reason)
        }
    }

    /// A type that the files name stays until someone changes them.
    private func warn(of version: AdapterVersion, _ accepted: BasePrecision) {
        guard state.withLock({ $0.warned.insert(version.digest).inserted }) else { return }
        logger.warning(
            "adapter was accepted over finer types, keeping those of the pipeline file",
            metadata: [
                LogKey.task: "\(version.task)", LogKey.version: "\(version.version)", LogKey.dtype: "\(accepted)",
            ])
    }
}
