import AdapterRegistry
import BERT
import FoundationEssentials
import PostgresClient

/// An adapter as a new row of `lorikeet.adapters`.
struct NewAdapter: Sendable {
    let task: String
    let digest: String
    let baseDigest: String
    let manifest: String
    let weights: [UInt8]
    let metrics: String
    let parentDigest: String?
    let trainingRows: TrainingRowSet?

    init(
        task: String, adapter: Adapter, metrics: [String: Double], parentDigest: String?,
        trainingRows: TrainingRowSet?
    ) {
        self.task = task
        self.trainingRows = trainingRows
        self.parentDigest = parentDigest
        digest = adapter.digest
        baseDigest = adapter.baseDigest
        manifest = String(decoding: adapter.manifest.canonicalJSON, as: UTF8.self)
        weights = adapter.weights
        // JSON has no number for NaN and infinity.
        let finite = metrics.filter { $0.value.isFinite }
        self.metrics = (try? JSONEncoder().encode(finite)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// The columns `training_rows` and `training_range`.
    var rowValues: [PostgresValue] {
        [trainingRows.map { .bytes($0.bytes) } ?? .null, trainingRows.map { .json($0.range.json) } ?? .null]
    }
}

/// An adapter as a row of `lorikeet.adapters` holds it, not verified yet.
struct StoredAdapterRow: Sendable {
    let version: AdapterVersion
    let manifest: String
    /// Empty if they were removed.
    let weights: [UInt8]

    init(_ row: PostgresRow) throws {
        version = try AdapterVersion(row)
        manifest = try row.text("manifest")
        weights = version.isPruned ? [] : try row.bytes("weights")
    }

    /// - Throws: ``DamagedAdapter`` unless manifest and weights have the row's digest.
    func adapter() throws(DamagedAdapter) -> StoredAdapter {
        let decoded: AdapterManifest
        do {
            decoded = try AdapterManifest(json: Array(manifest.utf8))
        } catch {
            throw DamagedAdapter(digest: version.digest, reason: "\(error)")
        }
        let digest = Adapter.digest(decoded, weights)
        guard digest == version.digest else {
            throw DamagedAdapter(digest: version.digest, reason: "its content has digest \(digest.prefix(12))")
        }
        return StoredAdapter(version: version, manifest: decoded, weights: weights)
    }
}
