import BERT
import Foundation

/// Where a version of a task's adapter stands.
public enum AdapterState: String, Sendable, Codable, CaseIterable {
    /// Published, not in use.
    case candidate
    /// In use: at most one version of a task.
    case live
    /// Was live once, another took its place.
    case retired
    /// Found wanting, by the promotion gate or by a person who rolled it back.
    case rejected
}

/// One version of one task's adapter, without its weights.
public struct AdapterVersion: Sendable, Equatable, Codable {
    public var task: String
    /// Counts from 1 for each task.
    public var version: Int
    /// Identity of the adapter: SHA-256 in hexadecimal.
    public var digest: String
    /// Identity of the base that the adapter belongs to.
    public var baseDigest: String
    public var state: AdapterState
    /// Figures of its evaluation, such as `accuracy` and `macro_f1`.
    public var metrics: [String: Double]
    /// The version that training started from, or that it was compared with.
    public var parentDigest: String?
    public var createdAt: Date
    /// When it last went live; `nil` if it never did.
    public var promotedAt: Date?

    public init(
        task: String, version: Int, digest: String, baseDigest: String, state: AdapterState,
        metrics: [String: Double] = [:], parentDigest: String? = nil, createdAt: Date, promotedAt: Date? = nil
    ) {
        self.task = task
        self.version = version
        self.digest = digest
        self.baseDigest = baseDigest
        self.state = state
        self.metrics = metrics
        self.parentDigest = parentDigest
        self.createdAt = createdAt
        self.promotedAt = promotedAt
    }
}

/// A version together with everything needed to run it.
public struct StoredAdapter: Sendable {
    public var version: AdapterVersion
    public var manifest: AdapterManifest
    /// The adapter's tensors in safetensors form.
    public var weights: [UInt8]

    public init(version: AdapterVersion, manifest: AdapterManifest, weights: [UInt8]) {
        self.version = version
        self.manifest = manifest
        self.weights = weights
    }
}
