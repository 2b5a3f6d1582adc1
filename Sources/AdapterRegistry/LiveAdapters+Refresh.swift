import BERT
import Drift
import Files

extension LiveAdapters {
    /// Gives the base over which a version may label, after it has put the adapters in use over it (``rebase(onto:)``).
    ///
    /// It throws why there is none now: the version is refused, and looked at again in the next refresh.
    public typealias FinerBase = @Sendable (AdapterVersion) async throws -> BERTBase

    /// Brings the live set up to date with the registry.
    ///
    /// Only adapters that are not in use yet are loaded. A version that does not fit (another base, other labels,
    /// damaged weights) is refused with its reason, and its task keeps its adapter. The other tasks are not affected.
    /// It is not loaded again until the task requires something else, or ``forgetRefusals()`` is called. Where the
    /// registry has not changed since the last refresh, nothing but its revision is read.
    ///
    /// - Parameters:
    ///   - store: the registry.
    ///   - tasks: what each task requires of its adapter.
    ///   - base: the base that the adapters run over.
    ///   - withShadows: whether challengers in shadow label beside the live adapters; the same at each call.
    ///   - finer: called for each version that says over which types of the base it was accepted; nil: all run over
    ///     `base`.
    /// - Throws: what the store throws if it is unavailable; then no live adapter has changed.
    @discardableResult
    public func refresh(
        from store: any AdapterStore, tasks: [String: AdapterRequirements], base: BERTBase, withShadows: Bool = true,
        finer: FinerBase? = nil
    ) async throws -> AdapterRefresh {
        let ticket = takeTicket()
        let revision = try await store.revision()
        if let known = knownRefresh(at: revision, tasks: tasks) { return known }
        var refresh = AdapterRefresh()
        var found: [(task: String, adapter: LiveAdapter?)] = []
        let versions = try await store.live(tasks: tasks.keys.sorted())
        refresh.missing = tasks.keys.filter { task in !versions.contains { $0.task == task } }.sorted()
        let (finest, waiting) = await self.base(for: versions, base, finer)
        refresh.refused = waiting
        // An import that brings weights back does not count as a change, nor does a base that can be read again.
        var mayChange = !waiting.isEmpty
        let current = snapshot.adapters
        for version in versions {
            guard let requirements = tasks[version.task], waiting[version.task] == nil else { continue }
            if let known = current[version.task], known.adapter.digest == version.digest {
                refresh.refused[version.task] = requirements.mismatch(known.adapter.manifest)
                continue
            }
            do throws(AdapterRefusal) {
                let adapter = try await load(version, from: store, requirements: requirements, base: finest) {
                    refresh.unusableReferences[version.task] = $0
                }
                found.append((version.task, adapter))
            } catch {
                if !error.isLasting { mayChange = true }
                switch error {
                case .unusable(let reason), .unfit(let reason), .missing(let reason):
                    refresh.refused[version.task] = reason
                case .unavailable(let cause): throw cause
                }
            }
        }
        refresh.changed = install(found, ticket: ticket).sorted()
        do {
            if withShadows {
                let areComplete = try await refreshShadows(
                    from: store, tasks: tasks, base: finest, finer: finer, ticket: ticket, into: &refresh)
                mayChange = mayChange || !areComplete
            }
            if !mayChange { remember(refresh, at: revision, tasks: tasks, base: finest, ticket: ticket) }
        } catch {
            // What has changed must be told. The next refresh looks for challengers again.
            if refresh.changed.isEmpty { throw error }
        }
        return refresh
    }

    /// The base for all of these versions, and by task why one has to wait for a finer one.
    func base(
        for versions: [AdapterVersion], _ base: BERTBase, _ finer: FinerBase?
    ) async -> (base: BERTBase, waiting: [String: String]) {
        var result = (base: base, waiting: [String: String]())
        guard let finer else { return result }
        for version in versions where version.acceptedDtype != nil {
            do { result.base = try await finer(version) } catch { result.waiting[version.task] = "\(error)" }
        }
        return result
    }

    private func load(
        _ version: AdapterVersion, from store: any AdapterStore, requirements: AdapterRequirements, base: BERTBase,
        noteReference: (DriftReferenceError) -> Void
    ) async throws(AdapterRefusal) -> LiveAdapter {
        let adapter = try await loadAdapter(version, from: store, requirements: requirements, base: base)
        guard let json = try await driftReference(of: adapter, in: store) else {
            return LiveAdapter(adapter: adapter, version: version)
        }
        do throws(DriftReferenceError) {
            let reference = try DriftReference(
                json: json, adapterDigest: adapter.digest, labels: adapter.labels.count)
            guard reference.profile.texts >= DriftReference.minimumTexts else {
                throw .tooFewTexts(reference.profile.texts)
            }
            return LiveAdapter(adapter: adapter, version: version, reference: reference)
        } catch {
            noteReference(error)
            return LiveAdapter(
                adapter: adapter, version: version,
                damagedReference: error.isDamage ? SHA256.hash(json).hexadecimal : nil)
        }
    }

    /// Loads and checks the adapter of a version, unless it was refused before.
    func loadAdapter(
        _ version: AdapterVersion, from store: any AdapterStore, requirements: AdapterRequirements, base: BERTBase
    ) async throws(AdapterRefusal) -> Adapter {
        let attempt = LoadAttempt(
            digest: version.digest, versionBase: version.baseDigest, requirements: requirements, base: base.digest)
        if let refusal = refusal(of: attempt, task: version.task) { throw refusal }
        do throws(AdapterRefusal) {
            return try await checkedAdapter(version, from: store, requirements: requirements, base: base)
        } catch {
            if error.isLasting { remember(error, of: attempt, task: version.task) }
            throw error
        }
    }

    private func checkedAdapter(
        _ version: AdapterVersion, from store: any AdapterStore, requirements: AdapterRequirements, base: BERTBase
    ) async throws(AdapterRefusal) -> Adapter {
        guard version.baseDigest == base.digest else {
            throw .unusable(
                "it belongs to another base (\(version.baseDigest.prefix(12)), not \(base.digest.prefix(12)))")
        }
        let stored: StoredAdapter
        do { stored = try await store.load(digest: version.digest) } catch { throw AdapterRefusal(loading: error) }
        let adapter: Adapter
        do { adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: base) } catch {
            throw .unusable("\(error)")
        }
        guard adapter.digest == version.digest else {
            throw .unusable(
                "its weights are damaged: digest \(adapter.digest.prefix(12)), not \(version.digest.prefix(12))")
        }
        if let reason = requirements.mismatch(adapter.manifest) { throw .unfit(reason) }
        return adapter
    }

    /// The stored drift reference of an adapter.
    private func driftReference(
        of adapter: Adapter, in store: any AdapterStore
    ) async throws(AdapterRefusal) -> [UInt8]? {
        guard let references = store as? any DriftReferenceStore else { return nil }
        do { return try await references.driftReference(digest: adapter.digest) } catch { throw .unavailable(error) }
    }
}
