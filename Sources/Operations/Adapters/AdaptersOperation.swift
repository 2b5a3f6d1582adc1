import AdapterRegistry
import BERT
import Connectors
import Drift
import Pipelines
import Retraining
import Training

/// `lorikeet adapters`: the adapter store in a database. Every method opens a connection and closes it.
public struct AdaptersOperation: Sendable {
    private let source: DatabaseSource

    /// The adapter store of a database.
    public init(_ source: DatabaseSource) { self.source = source }

    /// All versions, or those of one task.
    public func versions(task: String?) async throws -> [AdapterVersion] {
        try await withStore { try await $0.versions(task: task) }
    }

    /// A version of a task; nil stands for the live one. Its weights are empty if they were removed.
    public func load(task: String, version: Int?) async throws -> StoredAdapter {
        try await withStore { store in
            let version = try await Self.version(version, of: task, in: store)
            guard version.isPruned else { return try await store.load(digest: version.digest) }
            return StoredAdapter(version: version, manifest: try await store.manifest(of: version), weights: [])
        }
    }

    /// How many labelled rows a task has per label, and how many cannot be used: of the rows and labels that the
    /// pipeline file says, else of the annotations and the adapter's labels.
    public func census(of task: String, manifest: AdapterManifest) async throws -> LabelCensus {
        let configuration = try source.configuration()
        return try await withRows(configuration?.rowSelection ?? LabelledRowSelection()) { rows in
            if let declared = configuration?.task(task) {
                return try await declared.census(of: rows, isMultiLabel: manifest.isMultiLabel)
            }
            return LabelCensus(
                try await rows.labelGroups(task: task), labels: manifest.labels, isMultiLabel: manifest.isMultiLabel)
        }
    }

    /// Champion and challenger on the texts that a version labelled in its shadow; nil if it never was in shadow.
    public func shadowComparison(of version: AdapterVersion) async throws -> ShadowComparison? {
        guard version.shadow != nil else { return nil }
        return try await withRows(LabelledRowSelection()) { try await $0.comparison(of: version) }
    }

    private func withRows<Result: Sendable>(
        _ selection: LabelledRowSelection, _ body: (PostgresLabelledRowSource) async throws -> Result
    ) async throws -> Result {
        let settings = PostgresSettings(
            dsn: try source.connectionString().value, applicationName: "lorikeet adapters")
        return try await PostgresLabelledRowSource(settings, selection: selection).closing(body)
    }

    /// The drift reference of a version, or why it cannot be used; nil if it has none.
    public func driftReference(
        of stored: StoredAdapter
    ) async throws -> Result<DriftReference, DriftReferenceError>? {
        let digest = stored.version.digest
        guard let json = try await withStore({ try await $0.driftReference(digest: digest) }) else { return nil }
        return Result { () throws(DriftReferenceError) in
            try DriftReference(json: json, adapterDigest: digest, labels: stored.manifest.labels.count)
        }
    }

    /// The accuracy of a version on texts that were annotated after it labelled them, by sample.
    public func measuredAccuracy(
        of stored: StoredAdapter
    ) async throws -> [MeasuredAccuracy.Sample: MeasuredAccuracy] {
        let (version, manifest) = (stored.version, stored.manifest)
        let groups = try await withStore { store in
            try await store.annotatedLabels(task: version.task, digest: version.digest)
        }
        let mapping = try source.configuration()?.task(version.task)?.mapping ?? LabelMapping()
        return MeasuredAccuracy.bySample(
            groups, labels: manifest.labels, mapping: mapping, isMultiLabel: manifest.isMultiLabel)
    }

    /// Every time that a version went live, the oldest first.
    public func promotions(of version: AdapterVersion) async throws -> [PastPromotion] {
        try await withStore { try await $0.promotions(task: version.task, version: version.version) }
    }

    /// Makes a version live; the version that was live retires.
    ///
    /// - Parameter reason: why, for the adapter store.
    public func promote(task: String, version: Int, reason: String?) async throws -> AdapterVersion {
        let promotion = Promotion(by: Operator.name, reason: reason ?? "promoted by hand")
        return try await withStore { try await $0.promote(task: task, version: version, promotion) }
    }

    /// Makes the version live that was live before.
    ///
    /// - Parameter reason: why, for the adapter store.
    public func rollback(task: String, reason: String?) async throws -> AdapterVersion {
        let promotion = Promotion(by: Operator.name, reason: reason ?? "rolled back by hand")
        return try await withStore { try await $0.rollback(task: task, promotion) }
    }

    /// Removes the weights of old versions, of one task or of all.
    ///
    /// - Parameters:
    ///   - count: how many retired and rejected versions of a task keep their weights.
    ///   - isDryRun: changes nothing.
    public func prune(task: String?, keeping count: Int, isDryRun: Bool) async throws -> [AdapterVersion] {
        try await withStore { store in
            let tasks = Set(try await store.versions(task: task).map(\.task)).sorted()
            if let task, tasks.isEmpty {
                throw CommandFailure(.failed, "the adapter store has no adapter for task \(task)")
            }
            var pruned: [AdapterVersion] = []
            for task in tasks { pruned += try await store.prune(task: task, keeping: count, isDryRun: isDryRun) }
            return pruned
        }
    }

    /// Deletes the rows of `shadow_labels` whose shadow has ended, of one task or of all.
    ///
    /// - Parameter isDryRun: deletes nothing.
    /// - Returns: how many rows they are.
    public func pruneShadowLabels(task: String?, isDryRun: Bool) async throws -> Int {
        try await withStore { try await $0.pruneShadowLabels(task: task, isDryRun: isDryRun) }
    }

    /// How two versions of a task differ.
    ///
    /// - Parameter second: nil stands for the live one.
    public func difference(task: String, _ first: Int, _ second: Int?) async throws -> AdapterDifference {
        try await withStore { store in
            let versions = [
                try await Self.version(first, of: task, in: store), try await Self.version(second, of: task, in: store),
            ]
            return AdapterDifference(
                first: versions[0], try await store.manifest(of: versions[0]),
                second: versions[1], try await store.manifest(of: versions[1]))
        }
    }

    /// Writes a version to a folder.
    ///
    /// - Parameters:
    ///   - version: nil stands for the live one.
    ///   - base: folder of the base; nil: that of the pipeline file.
    ///   - overwrite: whether an adapter in the folder is replaced.
    public func export(
        task: String, version: Int?, to output: String, base: String?, overwrite: Bool
    ) async throws -> AdapterVersion {
        try AdapterFolder.checkFree(output, overwrite: overwrite)
        // Only what the adapter refers to is needed: nothing is computed.
        let base = try BERTBase(directory: baseFolder(base, dtype: .float32).path)
        let (stored, rows, reference) = try await withStore { store in
            let stored = try await store.load(digest: Self.version(version, of: task, in: store).digest)
            let digest = stored.version.digest
            return (
                stored, try await store.trainingRows(digest: digest), try await store.driftReference(digest: digest)
            )
        }
        let adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: base)
        let others = reference.map { [DriftReferenceFile.name: $0] } ?? [:]
        try AdapterFolder.write(adapter, trainedOn: rows, to: output, with: others)
        return stored.version
    }

    /// The base: in the folder and the types that are given, else in those of the pipeline file.
    ///
    /// - Throws: status 64 if nothing names a folder.
    func baseFolder(_ given: String?, dtype: BasePrecision? = nil) throws -> BaseFolder {
        let configuration = try source.configuration()
        guard let path = given ?? configuration?.base else {
            throw CommandFailure(.usage, "no base: give --base DIR or --pipeline FILE")
        }
        let setting = configuration?.dtype ?? .fixed(.float32)
        return BaseFolder(path, precision: dtype ?? ServingPrecision(setting).precision)
    }

    /// Runs the body with the adapter store; the connection is closed in any case.
    func withStore<Result: Sendable>(_ body: (PostgresAdapterStore) async throws -> Result) async throws -> Result {
        let dsn = try source.connectionString().value
        return try await PostgresAdapterStore(PostgresSettings(dsn: dsn, applicationName: "lorikeet adapters"))
            .closing(body)
    }

    private static func version(
        _ number: Int?, of task: String, in store: PostgresAdapterStore
    ) async throws -> AdapterVersion {
        let versions = try await store.versions(task: task)
        guard !versions.isEmpty else {
            throw CommandFailure(.failed, "the adapter store has no adapter for task \(task)")
        }
        if let number {
            guard let version = versions.first(where: { $0.version == number }) else {
                throw AdapterStoreError.unknownVersion(task: task, version: number)
            }
            return version
        }
        guard let live = versions.first(where: { $0.state == .live }) else {
            throw CommandFailure(
                .failed, "task \(task) has no live adapter: give the number of one of its \(versions.count) versions")
        }
        return live
    }
}
