import BERT

extension LiveAdapters {
    /// A challenger as a refresh found it.
    struct FoundShadow {
        let task: String
        /// Digest of the adapter that it labels beside.
        let champion: String
        /// Nil: there is none.
        let shadow: ShadowAdapter?
    }

    /// Brings the challengers in shadow up to date with the registry. Nothing here changes a live adapter.
    ///
    /// - Parameter refresh: gets the challengers that are unusable here.
    /// - Returns: whether all were looked at; false if the base cannot be had now as finely as one of them needs it.
    /// - Throws: what the store throws if it is unavailable; then nothing has changed.
    func refreshShadows(
        from store: any AdapterStore, tasks: [String: AdapterRequirements], base: BERTBase, finer: FinerBase?,
        ticket: UInt64, into refresh: inout AdapterRefresh
    ) async throws -> Bool {
        let current = snapshot.adapters
        let versions = try await store.shadows(tasks: tasks.keys.filter { current[$0] != nil }.sorted())
        let (finest, waiting) = await self.base(for: versions, base, finer)
        var found: [FoundShadow] = []
        var unusable: [String: AdapterRefresh.RefusedShadow] = [:]
        for (task, requirements) in tasks {
            guard let live = current[task] else { continue }
            // Beside another champion it would be compared with the wrong labels.
            let version = versions.first { $0.task == task && $0.shadow?.terms.champion == live.adapter.digest }
            if let version, let reason = waiting[task] {
                unusable[task] = Self.refused(version, here: reason)
                continue
            }
            if live.shadow?.version == version { continue }
            var shadow: ShadowAdapter?
            do throws(AdapterRefusal) {
                if let version {
                    shadow = ShadowAdapter(
                        adapter: try await loadAdapter(version, from: store, requirements: requirements, base: finest),
                        version: version, champion: live.adapter.labels, mapping: requirements.mapping)
                }
            } catch {
                guard let version else { continue }
                unusable[task] = try Self.refused(version, error)
            }
            if live.shadow != nil || shadow != nil {
                found.append(FoundShadow(task: task, champion: live.adapter.digest, shadow: shadow))
            }
        }
        install(found, ticket: ticket)
        refresh.refusedShadows = unusable
        return waiting.isEmpty
    }

    /// Other processes may use the version.
    private static func refused(_ version: AdapterVersion, here reason: String) -> AdapterRefresh.RefusedShadow {
        .init(
            version: version.version, reason: reason,
            othersUntil: version.shadow.map { $0.latestEnd ?? $0.earliestEnd })
    }

    /// Why a version will not be usable later either.
    ///
    /// - Throws: the cause, if the store is unavailable.
    private static func refused(
        _ version: AdapterVersion, _ refusal: AdapterRefusal
    ) throws -> AdapterRefresh.RefusedShadow {
        switch refusal {
        case .unusable(let reason), .missing(let reason): return .init(version: version.version, reason: reason)
        case .unfit(let reason): return refused(version, here: reason)
        case .unavailable(let cause): throw cause
        }
    }
}
