import BERT

/// What a look into the registry changed.
public struct AdapterRefresh: Sendable, Equatable {
    /// Tasks that have another adapter than before.
    public var changed: [String] = []
    /// Tasks for which the registry has no live version. One that had an adapter keeps it.
    public var missing: [String] = []
    /// Tasks whose live version cannot be used here, with the reason. One that had an adapter keeps it.
    public var refused: [String: String] = [:]

    public init(changed: [String] = [], missing: [String] = [], refused: [String: String] = [:]) {
        self.changed = changed
        self.missing = missing
        self.refused = refused
    }
}

extension LiveAdapters {
    /// Brings the adapters in use up to what the registry says is live.
    ///
    /// Only digests that are not in use yet are loaded. A version that does not fit (another base, other labels, damaged
    /// weights) is refused with its reason and changes nothing; the other tasks go on.
    ///
    /// - Parameters:
    ///   - tasks: what each task's adapter must be like.
    ///   - base: the base that the adapters run over.
    /// - Throws: what the store throws when it is out of reach; then nothing has changed.
    @discardableResult
    public func refresh(
        from store: any AdapterStore, tasks: [String: TaskForm], base: BERTBase
    ) async throws -> AdapterRefresh {
        let ticket = takeTicket()
        var refresh = AdapterRefresh()
        var found: [(task: String, adapter: LiveAdapter?)] = []
        let versions = try await store.live(tasks: tasks.keys.sorted())
        refresh.missing = tasks.keys.filter { task in !versions.contains { $0.task == task } }.sorted()
        let current = snapshot.adapters
        for version in versions {
            guard let form = tasks[version.task] else { continue }
            if let known = current[version.task], known.adapter.digest == version.digest {
                if let reason = form.mismatch(known.adapter.manifest) {
                    refresh.refused[version.task] = reason
                }
                continue
            }
            do throws(AdapterRefusal) {
                let adapter = try await load(version, from: store, form: form, base: base)
                found.append((version.task, adapter))
            } catch {
                switch error {
                case .unusable(let reason): refresh.refused[version.task] = reason
                case .outOfReach(let cause): throw cause
                }
            }
        }
        refresh.changed = install(found, ticket: ticket).sorted()
        return refresh
    }

    private func load(
        _ version: AdapterVersion, from store: any AdapterStore, form: TaskForm, base: BERTBase
    ) async throws(AdapterRefusal) -> LiveAdapter {
        guard version.baseDigest == base.digest else {
            throw .unusable(
                "it belongs to another base (\(version.baseDigest.prefix(12)), not \(base.digest.prefix(12)))")
        }
        let stored: StoredAdapter
        do { stored = try await store.load(digest: version.digest) } catch { throw .outOfReach(error) }
        let adapter: Adapter
        do { adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: base) } catch {
            throw .unusable("\(error)")
        }
        guard adapter.digest == version.digest else {
            throw .unusable(
                "its weights are damaged: digest \(adapter.digest.prefix(12)), not \(version.digest.prefix(12))")
        }
        if let reason = form.mismatch(adapter.manifest) { throw .unusable(reason) }
        return LiveAdapter(adapter: adapter, version: version)
    }
}

/// Why a version could not be put to use.
private enum AdapterRefusal: Error {
    case unusable(String)
    case outOfReach(any Error)
}

/// Says how the labels of an adapter differ from those that a pipeline wants; `nil` if they are the same set.
///
/// - Parameter pipeline: an empty list accepts any labels.
public func labelMismatch(adapter: [String], pipeline: [String]) -> String? {
    guard !pipeline.isEmpty else { return nil }
    let missing = Set(pipeline).subtracting(adapter).sorted()
    let extra = Set(adapter).subtracting(pipeline).sorted()
    guard !(missing.isEmpty && extra.isEmpty) else { return nil }
    var parts: [String] = []
    if !missing.isEmpty { parts.append("the adapter lacks \(missing.joined(separator: ", "))") }
    if !extra.isEmpty { parts.append("the pipeline does not name \(extra.joined(separator: ", "))") }
    return "labels differ: " + parts.joined(separator: "; ")
}
