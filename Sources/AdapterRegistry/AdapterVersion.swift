import BERT
import FoundationEssentials

/// The state of a version.
public enum AdapterState: String, Sendable, Codable, CaseIterable {
    /// Published, not in use.
    case candidate
    /// Labels beside the live version, for comparison only; at most one version of a task.
    case shadow
    /// In use; at most one version of a task.
    case live
    /// Was live and was replaced.
    case retired
    /// Lost to the champion, gave way in its shadow, or was rolled back by a person.
    case rejected
}

/// One version of one task's adapter, without its weights.
public struct AdapterVersion: Sendable, Equatable, Codable {
    /// The task that it is for.
    public var task: String
    /// The number within the task, from 1.
    public var version: Int
    /// SHA-256 of manifest and weights in hexadecimal, which identifies the adapter.
    public var digest: String
    /// Identifies the base that the adapter belongs to.
    public var baseDigest: String
    /// Whether it is in use.
    public var state: AdapterState
    /// Metrics of its evaluation, such as `accuracy` and `macro_f1`.
    public var metrics: [String: Double]
    /// Digest of the champion when this version was trained.
    public var parentDigest: String?
    /// When it was published.
    public var createdAt: Date
    /// When it last went live; `nil` if it never did.
    public var promotedAt: Date?
    /// Who or what made it live, and why; `nil` if it never was, or if that is unknown.
    public var promotion: Promotion?
    /// The rows that it was trained on; `nil` if they are unknown.
    public var trainingRange: TrainingRowRange?
    /// Its shadow, also after it has ended; `nil` if it never labelled beside a champion.
    public var shadow: ShadowPeriod?
    /// The type in which the base computed when it was trained; `nil` if this program does not know that type.
    public var dataType: DataType? = .float32
    /// The types of the base over which it was accepted, as ``BasePrecision/description`` has them; `nil` if those in
    /// which it was checked did not cost it too much, or if it was not checked. Under `dtype: auto`, no daemon rounds
    /// more than that while it labels.
    public var acceptedDtype: String?
    /// Whether its weights were removed.
    public var isPruned = false

    /// The types that ``acceptedDtype`` names; `nil` if it names none. What this program cannot read is float32.
    public var acceptedPrecision: BasePrecision? { acceptedDtype.map { BasePrecision($0) ?? .float32 } }

    /// An entry of the registry.
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

/// Who or what made a version live, and why.
public struct Promotion: Sendable, Equatable, Codable {
    /// A person with host, such as `kim@db1`, or `retraining 42`, or `pipeline file`.
    public var by: String
    /// A sentence for a person.
    public var reason: String

    /// A promotion by a person, a retraining or a daemon.
    public init(by: String, reason: String) { (self.by, self.reason) = (by, reason) }
}

/// A time at which a version went live.
public struct PastPromotion: Sendable, Equatable {
    /// When.
    public var date: Date
    /// By whom or what, and why; `nil` if that is unknown.
    public var promotion: Promotion?

    /// A promotion or a rollback.
    public init(date: Date, promotion: Promotion?) { (self.date, self.promotion) = (date, promotion) }
}

/// A version with everything that is needed to run it.
public struct StoredAdapter: Sendable {
    /// The entry of the registry.
    public var version: AdapterVersion
    /// Labels, LoRA configuration and what else is not a tensor.
    public var manifest: AdapterManifest
    /// The tensors, as a safetensors file.
    public var weights: [UInt8]

    /// - Parameter weights: a safetensors file.
    public init(version: AdapterVersion, manifest: AdapterManifest, weights: [UInt8]) {
        self.version = version
        self.manifest = manifest
        self.weights = weights
    }
}
